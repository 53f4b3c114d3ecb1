import type { RunRow } from "../../bindings/api";
import { shortValue } from "../../shared/charts";
import { formatAgo, formatDuration, formatExactTime, formatTime, useNow } from "../../shared/format";
import { currentLocale, t } from "../../shared/i18n";
import { type Column, headerText } from "../../shared/table";
import { isOver, phaseOf, phaseWord, statusCell, statusCellTitle } from "./status";
import { columnNumber, columnValue, hintOf, markOf, type MetricColumn, metricColumn } from "./metricColumns";
import { columnKey, durationOf, paramOf } from "./values";

function Ago({ at }: { at: number }) {
  return <>{formatAgo(at, useNow(15_000))}</>;
}

function Elapsed({ row }: { row: RunRow }) {
  const now = useNow(isOver(row) ? 3_600_000 : 1000);
  const ms = durationOf(row, now);
  return <>{ms === null ? "–" : formatDuration(ms)}</>;
}

/** The attributes that can be columns, without the name, which is always the first. */
export const ATTRIBUTES = [
  "attributes.status",
  "attributes.experiment",
  "attributes.machine",
  "attributes.start_time",
  "attributes.duration",
  "attributes.end_time",
  "attributes.user_id",
  "attributes.run_id",
] as const;
type Attribute = (typeof ATTRIBUTES)[number];

/** Stands in the list of columns after the last pinned one. */
export const PIN = "|";

/** The columns until a person chooses; the first metrics come after them. */
export const USUAL: readonly string[] = ATTRIBUTES.slice(0, 5);

const isAttribute = (id: string): id is Attribute => (ATTRIBUTES as readonly string[]).includes(id);

const NAME: Column<RunRow> = {
  id: "attributes.run_name",
  header: "",
  text: (r) => r.name,
  cell: (r) => <bdi>{r.name}</bdi>,
  plain: true,
  width: 176,
};

const exactly = (at: number | null) => (at === null ? "" : formatExactTime(at));

function attribute(id: Attribute): Column<RunRow> {
  switch (id) {
    case "attributes.status":
      return {
        id,
        header: t("runs.col.status"),
        text: (r) =>
          (r.stale && !isOver(r) ? `${t("runs.status.unreachable")}, ` : "") + phaseWord(phaseOf(r)),
        cell: statusCell,
        plain: true,
        title: statusCellTitle,
        width: 152,
      };
    case "attributes.experiment":
      return { id, header: t("runs.col.experiment"), text: (r) => r.experiment, sort: null, width: 128 };
    case "attributes.machine":
      return { id, header: t("runs.col.machine"), text: (r) => r.machine ?? "–", sort: null, width: 116 };
    case "attributes.start_time":
      return {
        id,
        header: t("runs.col.started"),
        text: (r) => (r.started_at === null ? t("runs.notStarted") : formatTime(r.started_at)),
        cell: (r) =>
          r.started_at === null ? (
            <span className="quiet">{t("runs.notStarted")}</span>
          ) : (
            <Ago at={r.started_at} />
          ),
        plain: true,
        title: (r) => exactly(r.started_at),
        // Another year's time of day too.
        width: 148,
      };
    case "attributes.end_time":
      return {
        id,
        header: t("runs.col.ended"),
        text: (r) => (r.ended_at === null ? "" : formatTime(r.ended_at)),
        cell: (r) => (r.ended_at === null ? "–" : <Ago at={r.ended_at} />),
        plain: true,
        title: (r) => exactly(r.ended_at),
        width: 148,
      };
    case "attributes.duration":
      return {
        id,
        header: t("runs.col.duration"),
        text: (r) => {
          const ms = durationOf(r, Date.now());
          return ms === null ? "" : formatDuration(ms);
        },
        cell: (r) => <Elapsed row={r} />,
        plain: true,
        sort: null,
        width: 100,
        align: "end",
      };
    case "attributes.user_id":
      return { id, header: t("runs.startedBy"), text: (r) => r.user ?? "", width: 108 };
    case "attributes.run_id":
      return { id, header: t("runs.id"), text: (r) => r.id, width: 264, mono: true };
  }
}

/** The name of a column, for its header and for choosing it. */
export function columnName(id: string): string {
  return id === NAME.id ? t("runs.col.name") : headerText(columnOf(id));
}

/** The ids of a list of columns, and how many of the first are pinned. */
export function pinsOf(list: readonly string[]): { ids: string[]; pinned: number } {
  return { ids: list.filter((id) => id !== PIN), pinned: Math.max(0, list.indexOf(PIN)) };
}

/** The list that `pinsOf` reads. */
export function withPins(ids: readonly string[], pinned: number): string[] {
  return pinned > 0 ? [...ids.slice(0, pinned), PIN, ...ids.slice(pinned)] : [...ids];
}

/** The list with a column more or less. Columns of one metric stand beside each other. */
export function withColumn(list: readonly string[], id: string, shown: boolean): string[] {
  const { ids, pinned } = pinsOf(list);
  const next = ids.filter((each) => each !== id);
  if (shown) {
    const key = metricColumn(id)?.key;
    const beside = key === undefined ? -1 : next.findLastIndex((each) => metricColumn(each)?.key === key);
    next.splice(beside < 0 ? next.length : beside + 1, 0, id);
  }
  return withPins(next, ids.slice(0, pinned).filter((each) => next.includes(each)).length);
}

/** The columns of the table, the name first. */
export function columnsOf(list: readonly string[]): Column<RunRow>[] {
  const { ids, pinned } = pinsOf(list);
  return [
    { ...NAME, header: t("runs.col.name") },
    ...ids.map((id, i) => ({ ...columnOf(id), pinned: i < pinned })),
  ];
}

/** What the header of a metric column says. */
export function headerOf(id: string): Pick<Column<RunRow>, "header" | "mark" | "hint"> {
  const metric = metricColumn(id);
  if (metric === null) return { header: columnName(id) };
  const mark = markOf(metric);
  return { header: metric.key, hint: hintOf(metric), ...(mark === "" ? {} : { mark }) };
}

/** A column of the table of runs by its id. */
function columnOf(id: string): Column<RunRow> {
  if (isAttribute(id)) return attribute(id);
  const metric = metricColumn(id);
  if (metric !== null) return metricColumnOf(id, metric);
  const { kind, key } = columnKey(id);
  const text =
    kind === "params"
      ? (r: RunRow) => paramOf(r, key) ?? ""
      : (r: RunRow) => r.tags.find((tag) => tag.key === key)?.value ?? "";
  return { id, header: key, text, width: 120, mono: kind === "params" };
}

function metricColumnOf(id: string, metric: MetricColumn): Column<RunRow> {
  return {
    id,
    ...headerOf(id),
    ...(metric.of === "at" ? { sort: null, unsorted: t("columns.unsorted") } : {}),
    text: (r) => String(columnNumber(r, id) ?? ""),
    cell: (r) => shortValue(columnNumber(r, id), currentLocale()),
    plain: true,
    title: (r) => {
      const exact = String(columnNumber(r, id) ?? "");
      const step = columnValue(r, id)?.step ?? null;
      return step === null ? exact : t("columns.valueAtStep", { value: exact, step: String(step) });
    },
    width: metric.of === "last" ? 96 : 128,
    align: "end",
  };
}
