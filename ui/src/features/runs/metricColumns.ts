// Columns that show one value of a metric: the last, the smallest, the largest, or that at a step.
import type { ColumnValue, MetricValue, RunRow } from "../../bindings/api";
import { t } from "../../shared/i18n";
import { metricValue } from "./values";

export type ValueOf = "last" | "min" | "max" | "at";

export interface MetricColumn {
  readonly key: string;
  readonly of: ValueOf;
  /** Of a value at a step, which. */
  readonly step: number | null;
}

/** A run carries the values of at most so many columns. */
const ASKED = 50;

/** What the id of a column says: `metrics.acc`, `metrics_min.acc`, `metrics_max.acc`, `metrics_at.1000.acc`. */
export function metricColumn(id: string): MetricColumn | null {
  const at = /^metrics_at\.(-?\d+)\.(.*)$/s.exec(id);
  if (at) return { key: at[2] ?? "", of: "at", step: Number(at[1]) };
  const found = /^metrics(?:_(min|max))?\.(.*)$/s.exec(id);
  return found && { key: found[2] ?? "", of: (found[1] ?? "last") as ValueOf, step: null };
}

export function metricColumnId({ key, of, step }: MetricColumn): string {
  if (of === "at") return `metrics_at.${step}.${key}`;
  return of === "last" ? `metrics.${key}` : `metrics_${of}.${key}`;
}

/** What stands behind the metric's name, so that its columns are told apart; nothing for the last value. */
export function markOf({ of, step }: MetricColumn): string {
  if (of === "last") return "";
  return of === "at" ? `@ ${step}` : t(`columns.${of}`);
}

export function hintOf(column: MetricColumn): string {
  const { key: metric, of, step } = column;
  return of === "at"
    ? t("columns.hint.at", { metric, step: String(step) })
    : t(`columns.hint.${of}`, { metric });
}

/** Of these columns those whose values have to be asked for. */
export const askedOf = (ids: readonly string[]): string[] =>
  ids.filter((id) => metricColumn(id) !== null).slice(0, ASKED);

/** What a run has in a metric column; the last value is known of other columns' runs too. */
export function columnValue(row: RunRow, id: string): MetricValue | ColumnValue | undefined {
  const asked = row.columns.find((each) => each.column === id);
  if (asked) return asked.value === null && asked.special === null ? undefined : asked;
  const column = metricColumn(id);
  return column?.of === "last" ? row.metrics.find((metric) => metric.key === column.key) : undefined;
}

/** The same as a number. */
export const columnNumber = (row: RunRow, id: string) => metricValue(columnValue(row, id));
