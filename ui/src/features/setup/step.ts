import type { SetupDraft, SetupStep } from "../../bindings/api";

export const STEPS: readonly SetupStep[] = [
  "address",
  "host_key",
  "authenticate",
  "key",
  "preflight",
  "agent",
  "done",
];

/** What each step gets: the draft as it is now, and the ways to go. */
export interface StepProps {
  draft: SetupDraft;
  /** On to the next step. */
  onNext: () => void;
  onBack: () => void;
}

/** What is shown of a step that is done, in a few words. */
export function summary(draft: SetupDraft, step: SetupStep): string | undefined {
  if (!draft.done.includes(step)) return undefined;
  switch (step) {
    case "address":
      return `${draft.address.user}@${draft.address.host}`;
    case "host_key":
      return draft.host_keys.at(-1)?.fingerprint;
    case "key":
      return draft.key?.fingerprint;
    case "agent":
      return draft.agent?.version ?? undefined;
    default:
      return undefined;
  }
}
