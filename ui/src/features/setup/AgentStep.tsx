import { Banner, Button, ErrorBanner, Fact, Facts, Mono, Progress } from "../../shared/components";
import { formatBytes } from "../../shared/format";
import { t } from "../../shared/i18n";
import styles from "./Setup.module.css";
import { StepFrame } from "./StepFrame";
import { type StepProps, useStep } from "./step";

export function AgentStep({ draft, onNext, onBack }: StepProps) {
  const install = useStep("setup_agent");
  const { agent } = draft;
  const user = draft.address.user;
  const done = draft.done.includes("agent");
  const busy = install.isPending || draft.busy;
  const problem = install.error ?? (draft.step === "agent" ? draft.problem : null);
  const run = () => install.mutate({ id: draft.id });
  return (
    <StepFrame
      heading={t("setup.agent.heading")}
      lead={t("setup.agent.lead")}
      onBack={onBack}
      footer={
        done ? (
          <>
            <Button isPending={busy} onPress={run}>
              {t("setup.agent.again")}
            </Button>
            <Button variant="primary" isDisabled={busy} onPress={onNext}>
              {t("common.next")}
            </Button>
          </>
        ) : (
          <Button variant="primary" isPending={busy} onPress={run}>
            {problem ? t("setup.agent.again") : t("setup.agent.go")}
          </Button>
        )
      }
    >
      <ol className={styles.will}>
        <li>
          <span>{t("setup.agent.will1", { user })}</span>
        </li>
        <li>
          <span>{t("setup.agent.will2", { user })}</span>
        </li>
        <li>
          <span>{t("setup.agent.will3")}</span>
        </li>
      </ol>
      {problem && !busy ? <ErrorBanner error={problem} /> : null}
      {busy && agent ? (
        <Progress
          label={t(`setup.agent.phase.${agent.phase}`)}
          done={agent.phase === "uploading" ? agent.sent_bytes : null}
          total={agent.phase === "uploading" ? agent.total_bytes : null}
          format={formatBytes}
        />
      ) : busy ? (
        <Progress label={t("setup.agent.phase.uploading")} />
      ) : null}
      {done && agent && !busy ? (
        <>
          <Banner kind="good" title={t("setup.agent.answers", { version: agent.version ?? "" })} />
          <Facts>
            <Fact label={t("setup.agent.path")}>
              <Mono>{agent.path}</Mono>
            </Fact>
            <Fact label={t("setup.agent.size")}>{formatBytes(agent.total_bytes)}</Fact>
          </Facts>
        </>
      ) : null}
    </StepFrame>
  );
}
