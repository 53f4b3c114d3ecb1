import type { RunQuery, RunRow } from "../../bindings/api";
import type { Backend } from "../../shared/backend/types";
import { askedOf } from "./metricColumns";

export type Wanted = Omit<RunQuery, "offset" | "limit" | "columns" | "only_columns">;

/** Rows of one call. */
const PAGE = 1000;
/** A row in a list has no more metrics, params or tags than this: one that has as many may have more. */
const LISTED = 50;
/** So many calls at once. */
const AT_ONCE = 4;

export interface Part {
  readonly rows: readonly RunRow[];
  /** How many the filter finds. */
  readonly total: number;
}

/** Does something to each, a few at a time, until it is cancelled. */
export async function eachOf<T>(
  all: readonly T[],
  signal: AbortSignal,
  act: (one: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < all.length && !signal.aborted) {
      const index = next;
      next += 1;
      await act(all[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  signal.throwIfAborted();
}

/**
 * Runs that a filter finds, part by part and each once, with all their metrics, params and tags: at most
 * `most` of them. Of the columns, those of metrics have their values in the rows. Runs that come or go meanwhile may be missing; `total` is what was found last.
 */
export async function* readRuns(
  backend: Backend,
  wanted: Wanted,
  most: number,
  signal: AbortSignal,
  columns: readonly string[] = [],
): AsyncGenerator<Part> {
  const known = new Set<string>();
  for (let offset = 0; offset < most; offset += PAGE) {
    const limit = Math.min(PAGE, most - offset);
    const page = await backend.call("runs_search", {
      ...wanted,
      columns: askedOf(columns),
      only_columns: false,
      offset,
      limit,
    });
    signal.throwIfAborted();
    const rows = page.rows.filter((row) => !known.has(row.id));
    for (const row of rows) known.add(row.id);
    await eachOf(rows, signal, async (row, index) => {
      if ([row.metrics, row.params, row.tags].every((list) => list.length < LISTED)) return;
      const complete = (await backend.call("run_get", { id: row.id })).row;
      rows[index] = { ...complete, columns: row.columns };
    });
    yield { rows, total: page.total };
    if (page.rows.length < limit) return;
  }
}
