import type { RunStage } from "../../bindings/api";
import { useMutationCommand } from "../../shared/backend";
import { toast } from "../../shared/components";
import { t } from "../../shared/i18n";

/** The life stages of a run, as the table offers them. */
export const STAGES: readonly RunStage[] = ["active", "archived", "deleted"];

const ACTS = {
  archive: { label: "runs.archive", said: "runs.archivedToast", undo: "unarchive" },
  unarchive: { label: "runs.unarchive", said: "runs.unarchivedToast", undo: null },
  delete: { label: "runs.delete", said: "runs.deletedToast", undo: "restore" },
  restore: { label: "runs.restore", said: "runs.restoredToast", undo: null },
} as const;

/** What takes runs to another stage. */
export type StageAct = keyof typeof ACTS;

/** What can be done in each stage. */
export const ACTS_OF: Record<RunStage, readonly StageAct[]> = {
  active: ["archive", "delete"],
  archived: ["unarchive", "delete"],
  deleted: ["restore"],
};

export const actLabel = (what: StageAct) => t(ACTS[what].label);

/** Takes runs to another stage, all of them or none, and offers to undo it. */
export function useStageActs(on: {
  done: (what: StageAct, ids: readonly string[]) => void;
  /** Why it was not done; null when it is tried again. */
  failed: (error: unknown) => void;
}) {
  const commands = {
    archive: useMutationCommand("runs_archive"),
    unarchive: useMutationCommand("runs_unarchive"),
    delete: useMutationCommand("runs_delete"),
    restore: useMutationCommand("runs_restore"),
  };
  const act = async (what: StageAct, ids: readonly string[]) => {
    on.failed(null);
    try {
      await commands[what].mutateAsync({ run_ids: [...ids] });
    } catch (error) {
      on.failed(error);
      return;
    }
    on.done(what, ids);
    const { said, undo } = ACTS[what];
    toast({
      title: t(said, { n: ids.length }),
      ...(undo && { action: { label: t("runs.undo"), onAction: () => void act(undo, ids) } }),
    });
  };
  return {
    act: (what: StageAct, ids: readonly string[]) => void act(what, ids),
    isPending: (what: StageAct) => commands[what].isPending,
    /** Entries of a menu for runs of a stage. */
    items: (stage: RunStage, ids: readonly string[]) =>
      ACTS_OF[stage].map((what) => ({
        id: what,
        label: actLabel(what),
        danger: what === "delete",
        onAction: () => void act(what, ids),
      })),
  };
}
