import type { SetupDraft, SetupStep } from "../../bindings/api";
import { useMutationCommand } from "../../shared/backend";

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
  /** To a step that the program names: behind a jump host, the machine's key comes after the login. */
  onGo: (step: SetupStep) => void;
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

type StepCommand =
  | "setup_scan"
  | "setup_trust"
  | "setup_authenticate"
  | "setup_key"
  | "setup_preflight"
  | "setup_agent";

/** A step's command. The draft that it answers with is on screen at once, before the next read. */
export function useStep<N extends StepCommand>(name: N) {
  return useMutationCommand(name, {
    onAnswer: (draft, args, client) => client.setQueryData(["setup_get", { id: args.id }], draft),
  });
}
