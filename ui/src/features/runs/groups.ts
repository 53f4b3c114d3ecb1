import type { RunRow } from "../../bindings/api";
import { columnNumber } from "./metricColumns";
import { columnKey, paramOf } from "./values";

/** What is known of a metric over the runs of a group: of those that have a finite value, `count` of them. */
export interface Aggregate {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Of a sample: divided by one less than the count; NaN of a single one. */
  readonly deviation: number;
}

export const AGGREGATES = ["mean", "min", "max", "deviation", "count"] as const;
export type AggregateName = (typeof AGGREGATES)[number];

export interface Group {
  /** The value that its runs share; null for runs that have none. */
  readonly value: string | null;
  readonly runs: number;
  /** One of its runs, for a condition that finds them. */
  readonly example: RunRow;
  /** By the id of their column. */
  readonly metrics: ReadonlyMap<string, Aggregate>;
}

/** The attributes that runs are grouped by. */
export const GROUP_ATTRIBUTES = [
  "attributes.experiment",
  "attributes.status",
  "attributes.machine",
  "attributes.user_id",
] as const;

export function groupValue(row: RunRow, by: string): string | null {
  const { kind, key } = columnKey(by);
  if (kind === "params") return paramOf(row, key) ?? null;
  if (kind === "tags") return row.tags.find((tag) => tag.key === key)?.value ?? null;
  const attributes: Record<string, string | null> = {
    experiment: row.experiment,
    status: row.status,
    machine: row.machine_id,
    user_id: row.user,
  };
  return attributes[key] ?? null;
}

interface Running {
  count: number;
  mean: number;
  squares: number;
  min: number;
  max: number;
}

/** Sums up what runs have in metric columns, as they come, by Welford's method: no value is kept, and none is lost to cancellation. */
export function grouping(by: string, columns: readonly string[]) {
  const groups = new Map<string | null, { runs: number; example: RunRow; metrics: Map<string, Running> }>();
  return {
    add(rows: readonly RunRow[]) {
      for (const row of rows) {
        const value = groupValue(row, by);
        let group = groups.get(value);
        if (!group) {
          group = { runs: 0, example: row, metrics: new Map() };
          groups.set(value, group);
        }
        group.runs += 1;
        for (const id of columns) {
          const x = columnNumber(row, id);
          if (x === undefined || !Number.isFinite(x)) continue;
          const known = group.metrics.get(id) ?? {
            count: 0,
            mean: 0,
            squares: 0,
            min: Number.POSITIVE_INFINITY,
            max: Number.NEGATIVE_INFINITY,
          };
          const apart = x - known.mean;
          known.count += 1;
          known.mean += apart / known.count;
          known.squares += apart * (x - known.mean);
          known.min = Math.min(known.min, x);
          known.max = Math.max(known.max, x);
          group.metrics.set(id, known);
        }
      }
    },
    groups: (): Group[] =>
      [...groups].map(([value, { runs, example, metrics }]) => ({
        value,
        runs,
        example,
        metrics: new Map(
          [...metrics].map(([id, { count, mean, squares, min, max }]) => [
            id,
            { count, mean, min, max, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : Number.NaN },
          ]),
        ),
      })),
  };
}
