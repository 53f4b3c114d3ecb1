import type {
  ChosenRun,
  ReportBlock,
  ReportBody,
  ReportContent,
  ReportRuns,
  RunRow,
} from "../../bindings/api";

import { currentLocale, t } from "../../shared/i18n";

/** So many runs stand in a report or a part of it, and so many metrics in a chart. */
export const RUNS = 200;
export const METRICS = 8;

export type Chart = Extract<ReportBody, { kind: "chart" }>;
export type Table = Extract<ReportBody, { kind: "table" }>;
export type BlockKind = ReportBody["kind"];

export const NO_RUNS: ReportRuns = { kind: "chosen", runs: [] };

/** Letters and digits: what a block's id is made of. */
const newId = () => crypto.randomUUID().replaceAll("-", "");

export const chosen = (rows: readonly Pick<RunRow, "id" | "name">[]): ChosenRun[] =>
  rows.map(({ id, name }) => ({ id, name }));

/** Runs that are there already stay where they are. */
export function withRuns(runs: readonly ChosenRun[], more: readonly ChosenRun[]): ChosenRun[] {
  const known = new Set(runs.map((run) => run.id));
  return [...runs, ...more.filter((run) => !known.has(run.id))].slice(0, RUNS);
}

const TABLE_COLUMNS = ["attributes.status", "attributes.start_time", "attributes.duration"];

/** A new part; `like` gives a chart or table metrics that its runs have. */
export function newBlock(
  kind: BlockKind,
  like: { metrics?: readonly string[]; runs?: ReportRuns } = {},
): ReportBlock {
  const metrics = (like.metrics ?? []).filter((key) => !key.startsWith("system/"));
  const runs = like.runs ?? null;
  const bodies: Record<BlockKind, ReportBody> = {
    text: { kind: "text", text: "" },
    chart: {
      kind: "chart",
      title: "",
      metrics: metrics.slice(0, 1),
      x: "step",
      over: null,
      log: false,
      smoothing: 0,
      smoothing_kind: "exponential",
      runs,
    },
    table: {
      kind: "table",
      title: "",
      columns: [...TABLE_COLUMNS, ...metrics.slice(0, 3).map((key) => `metrics.${key}`)],
      runs,
    },
  };
  return { id: newId(), body: bodies[kind] };
}

export function newContent(title: string, runs: ReportRuns, metrics: readonly string[]): ReportContent {
  const blocks = [newBlock("text")];
  if (runs.kind === "search" || runs.runs.length > 0) {
    blocks.push(newBlock("chart", { metrics }), newBlock("table", { metrics }));
  }
  return { title, runs, blocks };
}

/** The blocks with one moved; the same when it cannot move that way. */
export function moved(blocks: readonly ReportBlock[], id: string, by: number): ReportBlock[] {
  const from = blocks.findIndex((block) => block.id === id);
  const to = from + by;
  const block = blocks[from];
  if (!block || to < 0 || to >= blocks.length) return [...blocks];
  const next = blocks.filter((each) => each !== block);
  next.splice(to, 0, block);
  return next;
}

/** The runs that a part shows. */
export const runsOf = (body: Chart | Table, content: ReportContent): ReportRuns => body.runs ?? content.runs;

/** What a report is called until somebody finds a better title. */
export function titleOfNew(now = Date.now()): string {
  const date = new Intl.DateTimeFormat(currentLocale(), { dateStyle: "long" }).format(now);
  return t("reports.titleOfNew", { date });
}

export const sameContent = (a: ReportContent, b: ReportContent) => JSON.stringify(a) === JSON.stringify(b);
