import { RotateCw } from "lucide-react";
import { useEffect, useRef } from "react";
import { Button, ErrorBanner, Spinner } from "../../shared/components";
import { t } from "../../shared/i18n";
import { Checks } from "../machines/Checks";
import { StepFrame } from "./StepFrame";
import { type StepProps, useStep } from "./step";

export function PreflightStep({ draft, onNext, onBack }: StepProps) {
  const preflight = useStep("setup_preflight");
  const { checks } = draft;
  const busy = preflight.isPending || draft.busy;
  const run = () => preflight.mutate({ id: draft.id, check: null });

  // Coming here for the first time checks at once; afterwards only on request.
  const started = useRef(false);
  const { mutate } = preflight;
  const untouched = checks.every((check) => check.state === "waiting");
  useEffect(() => {
    if (started.current || !untouched || draft.busy || draft.problem) return;
    started.current = true;
    mutate({ id: draft.id, check: null });
  }, [draft.busy, draft.id, draft.problem, mutate, untouched]);

  const failed = checks.filter((check) => check.required && check.state === "failed").length;
  const done = draft.done.includes("preflight");
  // A failed check is said beside the check; the banner is for failures of checking itself.
  const raw = preflight.error ?? (draft.step === "preflight" ? draft.problem : null);
  const problem = raw && !("body" in raw ? raw.body.code : raw.code).startsWith("preflight") ? raw : null;
  return (
    <StepFrame
      heading={t("setup.preflight.heading")}
      lead={t("setup.preflight.lead")}
      onBack={onBack}
      hint={
        busy ? (
          <Spinner label={t("setup.preflight.running")} />
        ) : failed > 0 ? (
          t("setup.preflight.bad", { n: failed })
        ) : done ? (
          t("setup.preflight.ok")
        ) : null
      }
      footer={
        <>
          <Button icon={<RotateCw size={15} aria-hidden />} isDisabled={busy} onPress={run}>
            {t("setup.preflight.again")}
          </Button>
          <Button variant="primary" isDisabled={busy || !done} onPress={onNext}>
            {t("common.next")}
          </Button>
        </>
      }
    >
      {problem && !busy ? <ErrorBanner error={problem} onRetry={run} /> : null}
      <Checks checks={checks} isBusy={busy} onAgain={(check) => preflight.mutate({ id: draft.id, check })} />
    </StepFrame>
  );
}
