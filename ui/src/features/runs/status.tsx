import type { LinkInfo, RunRow } from "../../bindings/api";
import { type Kind, StatusPill, StatusWord } from "../../shared/components";
import { formatTime } from "../../shared/format";
import { t } from "../../shared/i18n";

type Phase = NonNullable<RunRow["phase"]>;

const KINDS: Record<Phase, Kind> = {
  queued: "idle",
  preparing: "busy",
  running: "busy",
  stopping: "busy",
  finished: "good",
  failed: "bad",
  cancelled: "idle",
  interrupted: "notice",
};

/** The finer state where Skerry started the run; MLflow's status otherwise. */
export function phaseOf(row: RunRow): Phase {
  if (row.phase) return row.phase;
  switch (row.status) {
    case "RUNNING":
      return "running";
    case "SCHEDULED":
      return "queued";
    case "FINISHED":
      return "finished";
    case "FAILED":
      return "failed";
    case "KILLED":
      return "cancelled";
  }
}

export function isOver(row: RunRow): boolean {
  return ["finished", "failed", "cancelled", "interrupted"].includes(phaseOf(row));
}

export const phaseWord = (phase: Phase) => t(`runs.status.${phase}`);

/** What is known of a run, and, when its machine is out of reach, that this is what was last known. */
export function RunStatus(props: { row: RunRow; link?: LinkInfo | null; pill?: boolean }) {
  const { row } = props;
  const phase = phaseOf(row);
  const Shape = props.pill ? StatusPill : StatusWord;
  if (row.stale && !isOver(row)) {
    const state = phaseWord(phase).toLocaleLowerCase();
    // A row has room for less; the page says since when.
    const label = props.link
      ? t("runs.status.unreachableSince", { time: formatTime(props.link.since) })
      : t("runs.status.unreachable");
    const detail = t(props.pill ? "runs.status.lastKnown" : "runs.status.was", { state });
    return <Shape kind="notice" label={label} detail={detail} at={row.observed_at} />;
  }
  return <Shape kind={KINDS[phase]} label={phaseWord(phase)} at={row.observed_at} />;
}
