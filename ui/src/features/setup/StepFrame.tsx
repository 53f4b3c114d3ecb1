import { createContext, type ReactNode, useContext } from "react";
import type { SetupDraft, SetupStep } from "../../bindings/api";
import { StepFooter, useGo, Wizard } from "../../shared/components";
import { t } from "../../shared/i18n";
import { STEPS, summary } from "./step";

interface Place {
  draft: SetupDraft | null;
  current: SetupStep;
  onStep: (step: SetupStep) => void;
}

export const PlaceContext = createContext<Place>({ draft: null, current: "address", onStep: () => {} });

function stateOf(draft: SetupDraft | null, step: SetupStep): "todo" | "active" | "done" | "error" {
  if (!draft) return step === "address" ? "active" : "todo";
  if (draft.machine_id) return "done";
  if (draft.done.includes(step)) return "done";
  if (draft.step !== step) return "todo";
  return draft.problem ? "error" : "active";
}

/** The wizard around one step. */
export function StepFrame(props: {
  heading: string;
  lead?: ReactNode;
  hint?: ReactNode;
  onBack?: () => void;
  footer: ReactNode;
  children: ReactNode;
}) {
  const { draft, current, onStep } = useContext(PlaceContext);
  const go = useGo();
  const over = Boolean(draft?.machine_id);
  return (
    <Wizard
      title={t("setup.title")}
      steps={STEPS.map((id) => {
        const words = draft ? summary(draft, id) : undefined;
        return {
          id,
          label: t(`setup.step.${id}`),
          state: stateOf(draft, id),
          ...(words ? { summary: words } : {}),
        };
      })}
      current={current}
      // Once registered there is nothing to go back to.
      onStep={over ? () => {} : onStep}
      onClose={() => go("/machines")}
      closeLabel={draft && !over ? t("setup.leave") : t("setup.leaveNew")}
      {...(draft && !over ? { closeHint: t("setup.leaveHint") } : {})}
      heading={props.heading}
      lead={props.lead}
      footer={
        <StepFooter hint={props.hint} {...(props.onBack ? { onBack: props.onBack } : {})}>
          {props.footer}
        </StepFooter>
      }
    >
      {props.children}
    </Wizard>
  );
}
