import { Button, CopyLine, ErrorBanner, Mono, Spinner, StatusWord } from "../../shared/components";
import { t } from "../../shared/i18n";
import { VaultForm, vaultHelps } from "../settings/VaultForm";
import styles from "./Setup.module.css";
import { StepFrame } from "./StepFrame";
import { type StepProps, useStep } from "./step";

export function KeyStep({ draft, onNext, onBack }: StepProps) {
  const make = useStep("setup_key");
  const { key, address } = draft;
  const done = draft.done.includes("key");
  const busy = make.isPending || draft.busy;
  const problem = make.error ?? (draft.step === "key" ? draft.problem : null);
  return (
    <StepFrame
      heading={t("setup.key.heading")}
      lead={t("setup.key.lead")}
      onBack={onBack}
      footer={
        done ? (
          <Button variant="primary" onPress={onNext} autoFocus>
            {t("common.next")}
          </Button>
        ) : (
          <Button variant="primary" isPending={busy} onPress={() => make.mutate({ id: draft.id })}>
            {problem ? t("setup.key.again") : t("setup.key.go")}
          </Button>
        )
      }
    >
      <ol className={styles.will}>
        <li>
          <span>{t("setup.key.will1")}</span>
        </li>
        <li>
          <span>{t("setup.key.will2", { user: address.user, host: address.host })}</span>
        </li>
        <li>
          <span>{t("setup.key.will3")}</span>
        </li>
      </ol>
      {problem && !busy ? <ErrorBanner error={problem} /> : null}
      {problem && vaultHelps(problem) ? <VaultForm /> : null}
      {busy ? <Spinner label={t("setup.key.working")} /> : null}
      {key ? (
        <div className={styles.stack}>
          <div className={styles.steps} role="status">
            <StatusWord kind="good" label={t("setup.key.made")} />
            <StatusWord
              kind={key.installed ? "good" : busy ? "busy" : "idle"}
              label={t("setup.key.installed")}
            />
            <StatusWord
              kind={key.verified ? "good" : busy ? "busy" : "idle"}
              label={t("setup.key.verified")}
            />
          </div>
          <div>
            <div className={styles.quietLabel}>{t("setup.key.fingerprint")}</div>
            <CopyLine text={key.fingerprint} />
          </div>
          <div>
            <div className={styles.quietLabel}>{t("setup.key.public")}</div>
            <CopyLine text={key.public_key} />
          </div>
          <div>
            <div className={styles.quietLabel}>{t("setup.key.file")}</div>
            <Mono>{key.file}</Mono>
          </div>
          {!key.installed && problem ? <p className="quiet">{t("setup.key.byHand")}</p> : null}
        </div>
      ) : null}
    </StepFrame>
  );
}
