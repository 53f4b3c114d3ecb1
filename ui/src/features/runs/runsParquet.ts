import { type Backend, blobOf } from "../../shared/backend";
import type { Wanted } from "./readRuns";

/**
 * Runs as a Parquet file, which the console writes part by part: with the columns that are chosen, or with all
 * there are (`null`). `tell` hears how far it is.
 */
export async function runsParquet(
  backend: Backend,
  wanted: Wanted,
  columns: readonly string[] | null,
  signal: AbortSignal,
  tell: (done: number, total: number) => void,
): Promise<Blob> {
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
    tell(state.done, state.total);
    const parts: Blob[] = [];
    for (let offset = 0; offset < state.size; offset += parts.at(-1)?.size ?? 0) {
      signal.throwIfAborted();
      const { base64 } = await backend.call("runs_export_part", { id, offset });
      parts.push(blobOf(base64, ""));
    }
    return new Blob(parts, { type: "application/vnd.apache.parquet" });
  } finally {
    // Left lying it gives way to later ones.
    await backend.call("runs_export_end", { id }).catch(() => {});
  }
}
