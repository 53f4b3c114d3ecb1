import { Play, Server } from "lucide-react";
import { useState } from "react";
import type { SetupDraft } from "../../bindings/api";
import { useMutationCommand } from "../../shared/backend";
import {
  Button,
  CopyLine,
  ErrorBanner,
  Fact,
  Facts,
  LinkButton,
  Mono,
  Section,
  TextField,
} from "../../shared/components";
import { t } from "../../shared/i18n";
import { registerCommand } from "./cli";
import styles from "./Setup.module.css";
import { StepFrame } from "./StepFrame";
import type { StepProps } from "./step";
import { displayNameProblem } from "./validate";

export function FinishStep({
  draft,
  onBack,
  onFinished,
}: Pick<StepProps, "draft" | "onBack"> & { onFinished: (draft: SetupDraft) => void }) {
  const [name, setName] = useState(draft.name);
  const finish = useMutationCommand("setup_finish");
  const wrong = displayNameProblem(name);
  const submit = () => {
    if (wrong || finish.isPending) return;
    finish.mutate({ id: draft.id, name: name.trim() }, { onSuccess: onFinished });
  };
  return (
    <StepFrame
      heading={t("setup.done.heading")}
      lead={t("setup.done.lead")}
      onBack={onBack}
      footer={
        <Button variant="primary" isDisabled={wrong !== null} isPending={finish.isPending} onPress={submit}>
          {t("setup.done.go")}
        </Button>
      }
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {finish.error ? <ErrorBanner error={finish.error} /> : null}
        <TextField
          label={t("setup.address.name")}
          value={name}
          onChange={setName}
          error={wrong}
          autoFocus
          name="name"
        />
        <Section title={t("setup.done.what")}>
          <What draft={draft} />
        </Section>
      </form>
    </StepFrame>
  );
}

/** What the registration is made of. */
function What({ draft }: { draft: SetupDraft }) {
  const { address } = draft;
  return (
    <Facts>
      <Fact label={t("setup.done.machine")}>
        <Mono>
          {address.user}@{address.host}:{address.port}
        </Mono>
      </Fact>
      {draft.host_keys
        .filter((offer) => !offer.is_jump)
        .map((offer) => (
          <Fact key={offer.fingerprint} label={t("setup.done.hostKey")}>
            <Mono>{offer.fingerprint}</Mono>
          </Fact>
        ))}
      {draft.key ? (
        <Fact label={t("setup.done.key")}>
          <Mono>{draft.key.fingerprint}</Mono>
        </Fact>
      ) : null}
      {draft.agent ? (
        <Fact label={t("setup.done.agent")}>
          {draft.agent.version} · <Mono>{draft.agent.path}</Mono>
        </Fact>
      ) : null}
    </Facts>
  );
}

/** The end: what exists now, the next useful act, and the command that does the same. */
export function Registered({ draft }: { draft: SetupDraft }) {
  return (
    <StepFrame
      heading={t("setup.done.registered", { name: draft.name })}
      footer={
        <LinkButton to={`/machines/${draft.machine_id}`} icon={<Server size={15} aria-hidden />}>
          {t("setup.done.open")}
        </LinkButton>
      }
    >
      <div className={styles.buttons}>
        <LinkButton
          variant="primary"
          to={`/runs/new?machine=${draft.machine_id}`}
          icon={<Play size={15} aria-hidden />}
        >
          {t("setup.done.next")}
        </LinkButton>
      </div>
      <Section title={t("setup.done.exists")}>
        <What draft={draft} />
      </Section>
      <Section title={t("setup.done.cli")}>
        <CopyLine text={registerCommand(draft)} />
      </Section>
    </StepFrame>
  );
}
