import type { ChartSeries, MetricValue, RunRow } from "../../bindings/api";
import type { Series, XKind } from "../../shared/charts";

/** A metric's value with what JSON cannot carry put back. */
export function metricValue(metric: Pick<MetricValue, "value" | "special"> | undefined): number | undefined {
  if (!metric) return undefined;
  if (metric.value !== null) return metric.value;
  if (metric.special === "Infinity") return Number.POSITIVE_INFINITY;
  if (metric.special === "-Infinity") return Number.NEGATIVE_INFINITY;
  return Number.NaN;
}

export const paramOf = (row: RunRow, key: string) => row.params.find((p) => p.key === key)?.value;

/** Of points that were read for another axis. */
const NOWHERE = { xs: [], pairs: 0, steady: true };

/** Points of one metric for a chart, in ascending x. */
export function seriesOf(runId: string, chart: ChartSeries, x: XKind, start: number): Series {
  const y = chart.values.map((v) => v ?? Number.NaN);
  for (const { index, positive } of chart.infinities) {
    y[index] = positive ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }
  const smooth = chart.smoothed?.map((v, i) => v ?? y[i] ?? Number.NaN);
  const smoothed = smooth ? { smoothed: smooth } : {};
  if (x === "metric") {
    // Along the axis already.
    const { xs, pairs, steady } = chart.over ?? NOWHERE;
    const joined = steady ? {} : { points: true };
    return {
      id: runId,
      label: chart.key,
      x: xs,
      y: y.slice(0, xs.length),
      total: pairs,
      ...smoothed,
      ...joined,
    };
  }
  const xs =
    x === "step" ? chart.steps : x === "time" ? chart.times : chart.times.map((at) => (at - start) / 1000);
  const ordered = xs.every((v, i) => i === 0 || v >= (xs[i - 1] ?? v));
  if (ordered) return { id: runId, label: chart.key, x: xs, y, total: chart.total, ...smoothed };
  const order = xs.map((_, i) => i).sort((a, b) => (xs[a] ?? 0) - (xs[b] ?? 0));
  return {
    id: runId,
    label: chart.key,
    x: order.map((i) => xs[i] ?? 0),
    y: order.map((i) => y[i] ?? Number.NaN),
    ...(smooth ? { smoothed: order.map((i) => smooth[i] ?? Number.NaN) } : {}),
    total: chart.total,
  };
}

const LANGUAGE = /[=<>!]|\b(?:like|ilike|in|is)\b/i;

/** What a person typed as a filter in MLflow's language; words alone search the names. */
export function filterOf(typed: string): { filter: string; names: boolean } {
  const text = typed.trim();
  if (text === "" || LANGUAGE.test(text)) return { filter: text, names: false };
  return { filter: `attributes.run_name ILIKE '%${text.replace(/['"%]/g, "")}%'`, names: true };
}

/**
 * A column's key with its kind before it: `metrics.val/f1`, `params.lr`, `tags.team`, `attributes.status`. What
 * other values of a metric are called, metricColumns.ts knows.
 */
export type ColumnKind = "attributes" | "metrics" | "params" | "tags";

export function columnKey(id: string): { kind: ColumnKind; key: string } {
  const dot = id.indexOf(".");
  return { kind: id.slice(0, dot) as ColumnKind, key: id.slice(dot + 1) };
}

/** The table's sort in MLflow's words. */
export function orderOf(sort: { id: string; desc: boolean }): string[] {
  const { kind, key } = columnKey(sort.id);
  const name = kind === "attributes" ? sort.id : `${kind}.\`${key.replace(/`/g, "")}\``;
  return [`${name} ${sort.desc ? "DESC" : "ASC"}`];
}

/** The sort that `orderOf` wrote down; null for an order that is not one column. */
export function sortOf(order: readonly string[]): { id: string; desc: boolean } | null {
  const found =
    /^(attributes|metrics|metrics_min|metrics_max|params|tags)\.(?:`([^`]+)`|(\S+)) (ASC|DESC)$/.exec(
      order[0] ?? "",
    );
  if (!found || order.length !== 1) return null;
  return { id: `${found[1]}.${found[2] ?? found[3]}`, desc: found[4] === "DESC" };
}

export function durationOf(row: RunRow, now: number): number | null {
  if (row.started_at === null) return null;
  return Math.max(0, (row.ended_at ?? now) - row.started_at);
}

/** Where a dataset came from. MLflow clients write it as JSON with a uri or a path inside. */
export function sourceText(source: string): string {
  try {
    const value: unknown = JSON.parse(source);
    if (value !== null && typeof value === "object") {
      for (const key of ["uri", "path", "url", "table_name"]) {
        const found = (value as Record<string, unknown>)[key];
        if (typeof found === "string") return found;
      }
    }
  } catch {
    // A plain path.
  }
  return source;
}
