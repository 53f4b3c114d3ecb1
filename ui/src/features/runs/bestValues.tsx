// Tables that show of each metric its last, its smallest or its largest value.
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Best, BestValue, RunBest } from "../../bindings/api";
import { useBackend } from "../../shared/backend";
import { Segmented } from "../../shared/components";
import { t } from "../../shared/i18n";

export type Shown = "last" | Best;

const SHOWN: readonly Shown[] = ["last", "min", "max"];
/** So many runs are asked about at once. */
const PART = 200;

/** Which value of each metric a table shows. */
export function BestChoice({ shown, onShown }: { shown: Shown; onShown: (shown: Shown) => void }) {
  return (
    <Segmented<Shown>
      label={t("columns.values")}
      value={shown}
      onChange={onShown}
      options={SHOWN.map((value) => ({ value, label: t(`columns.values.${value}`) }))}
    />
  );
}

/** The best values of runs' metrics, by run and key: asked for only while they are shown. */
export function useBest(runIds: readonly string[], shown: Shown) {
  const backend = useBackend();
  const parts: string[][] = [];
  if (shown !== "last") {
    for (let at = 0; at < runIds.length; at += PART) parts.push(runIds.slice(at, at + PART));
  }
  const read = useQueries({
    queries: parts.map((run_ids) => {
      const args = { run_ids, best: shown as Best };
      return { queryKey: ["runs_best", args], queryFn: () => backend.call("runs_best", args) };
    }),
    combine: together,
  });
  const best = useMemo(() => byRun(read.data), [read.data]);
  return { best, pending: read.pending, error: read.error };
}

function together(parts: { data: RunBest[] | undefined; isPending: boolean; error: Error | null }[]) {
  return {
    data: parts.flatMap((part) => part.data ?? []),
    pending: parts.some((part) => part.isPending),
    error: parts.find((part) => part.error)?.error ?? null,
  };
}

const byRun = (runs: readonly RunBest[]): ReadonlyMap<string, ReadonlyMap<string, BestValue>> =>
  new Map(runs.map((run) => [run.run_id, new Map(run.metrics.map((metric) => [metric.key, metric]))]));
