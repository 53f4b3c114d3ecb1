import type { Backend } from "../../shared/backend";
import type { Wanted } from "./readRuns";

/** A file that the console keeps until it is saved or left. */
export interface Kept {
  readonly id: string;
  readonly size: number;
}

/**
 * Runs as a Parquet file, which the console writes part by part and keeps: with the columns that are chosen, or
 * with all there are (`null`). `tell` hears how far it is.
 */
export async function runsParquet(
  backend: Backend,
  wanted: Wanted,
  columns: readonly string[] | null,
  signal: AbortSignal,
  tell: (done: number, total: number) => void,
): Promise<Kept> {
  const { filter, order_by, experiment, machine_id, stage } = wanted;
  let state = await backend.call("runs_export", {
    filter,
    order_by,
    experiment,
    machine_id,
    stage,
    columns: columns === null ? null : [...columns],
  });
  const { id } = state;
  try {
    while (state.size === null) {
      signal.throwIfAborted();
      tell(state.done, state.total);
      state = await backend.call("runs_export_more", { id });
    }
    signal.throwIfAborted();
    tell(state.done, state.total);
    return { id, size: state.size };
  } catch (error) {
    await leave(backend, id);
    throw error;
  }
}

/** The console need not keep it any more; left lying it would give way to later ones. */
export async function leave(backend: Backend, id: string): Promise<void> {
  await backend.call("runs_export_end", { id }).catch(() => {});
}
