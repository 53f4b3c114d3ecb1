import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { SetupDraft, SetupStep } from "../../bindings/api";
import { useQueryCommand } from "../../shared/backend";
import { EmptyState, ErrorBanner, LinkButton, LoadingShape, Page, useGo } from "../../shared/components";
import { t } from "../../shared/i18n";
import { AddressStep } from "./AddressStep";
import { AgentStep } from "./AgentStep";
import { AuthenticateStep } from "./AuthenticateStep";
import { FinishStep, Registered } from "./FinishStep";
import { HostKeyStep } from "./HostKeyStep";
import { KeyStep } from "./KeyStep";
import { PreflightStep } from "./PreflightStep";
import { PlaceContext } from "./StepFrame";
import { STEPS } from "./step";

function NewDraft() {
  const go = useGo();
  return (
    <PlaceContext value={{ draft: null, current: "address", onStep: () => {} }}>
      <AddressStep draft={null} onSaved={(draft) => go(`/setup/${draft.id}`, { replace: true })} />
    </PlaceContext>
  );
}

/** The draft lives in the program: the wizard opens where it stands, on whatever day. */
function Resumed({ draft }: { draft: SetupDraft }) {
  const [wanted, setCurrent] = useState<SetupStep>(draft.step);
  const [finished, setFinished] = useState<SetupDraft | null>(null);
  // A step can become undone (a password is gone after a restart): then it is the place to be.
  const at = Math.min(STEPS.indexOf(wanted), STEPS.indexOf(draft.step));
  const current = STEPS[at] ?? draft.step;
  const move = (by: number) => setCurrent(STEPS[at + by] ?? current);
  const step = { draft, onNext: () => move(1), onBack: () => move(-1), onGo: setCurrent };
  const over = finished ?? (draft.machine_id ? draft : null);
  return (
    <PlaceContext value={{ draft: over ?? draft, current: over ? "done" : current, onStep: setCurrent }}>
      {over ? (
        <Registered draft={over} />
      ) : current === "address" ? (
        <AddressStep draft={draft} onSaved={() => setCurrent("host_key")} />
      ) : current === "host_key" ? (
        <HostKeyStep {...step} />
      ) : current === "authenticate" ? (
        <AuthenticateStep {...step} />
      ) : current === "key" ? (
        <KeyStep {...step} />
      ) : current === "preflight" ? (
        <PreflightStep {...step} />
      ) : current === "agent" ? (
        <AgentStep {...step} />
      ) : (
        <FinishStep {...step} onFinished={setFinished} />
      )}
    </PlaceContext>
  );
}

function ById({ id }: { id: string }) {
  const draft = useQueryCommand("setup_get", { id });
  // A draft may go once it is registered; what was seen last stays on screen.
  if (draft.data) return <Resumed draft={draft.data} />;
  if (draft.error?.body.code === "not_found") {
    return (
      <Page title={t("setup.title")}>
        <EmptyState
          title={t("setup.gone")}
          actions={
            <>
              <LinkButton to="/machines">{t("nav.machines")}</LinkButton>
              <LinkButton to="/setup">{t("machines.register")}</LinkButton>
            </>
          }
        />
      </Page>
    );
  }
  return (
    <Page title={t("setup.title")}>
      {draft.error ? (
        <ErrorBanner error={draft.error} onRetry={() => void draft.refetch()} />
      ) : (
        <LoadingShape />
      )}
    </Page>
  );
}

export function RegisterMachinePage() {
  const { draftId } = useParams({ strict: false }) as { draftId?: string };
  return draftId ? <ById id={draftId} key={draftId} /> : <NewDraft />;
}
