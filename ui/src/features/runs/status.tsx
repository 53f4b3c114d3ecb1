import type { LinkInfo, RunRow } from "../../bindings/api";
import { type Kind, StatusPill, type StatusProps, statusTitle, StatusWord } from "../../shared/components";
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
function stateOf(row: RunRow, link: LinkInfo | null, whole: boolean): StatusProps {
  const phase = phaseOf(row);
  const at = row.observed_at;
  if (!row.stale || isOver(row)) return { kind: KINDS[phase], label: phaseWord(phase), at };
  const state = phaseWord(phase).toLocaleLowerCase();
  // A row has room for less; the page says since when.
  const label = link
    ? t("runs.status.unreachableSince", { time: formatTime(link.since) })
    : t("runs.status.unreachable");
  return {
    kind: "notice",
    label,
    detail: t(whole ? "runs.status.lastKnown" : "runs.status.was", { state }),
    at,
  };
}

export function RunStatus(props: { row: RunRow; link?: LinkInfo | null; pill?: boolean }) {
  const state = stateOf(props.row, props.link ?? null, props.pill ?? false);
  return props.pill ? <StatusPill {...state} /> : <StatusWord {...state} />;
}

/** The same in a cell of a table, which has its title when it is asked for. */
export const statusCell = (row: RunRow) => <StatusWord {...stateOf(row, null, false)} untitled />;
export const statusCellTitle = (row: RunRow) => statusTitle(stateOf(row, null, false));
