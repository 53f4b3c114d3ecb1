import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import type { LogLine as WireLine, RunDetail } from "../../bindings/api";
import { useBackend, useQueryCommand } from "../../shared/backend";
import { ErrorBanner } from "../../shared/components";
import { type LogLine, LogView } from "../../shared/logview";
import styles from "./runs.module.css";

const MATCHES = 10_000;

const line = (l: WireLine): LogLine => ({ stream: l.stream, at: l.at, text: l.text, continues: l.continues });

/** The run's log, read by window; the last window tells how many lines there are. */
export function RunLog({ run, live }: { run: RunDetail; live: boolean }) {
  const backend = useBackend();
  const client = useQueryClient();
  const runId = run.row.id;
  const tail = useQueryCommand(
    "run_log",
    { run_id: runId, from_line: Math.max(0, run.log_lines - 1), limit: 1 },
    { keepPrevious: true },
  );
  const total = Math.max(tail.data?.total ?? 0, run.log_lines);
  // The number of lines in the tab's label comes with the run.
  const lines = run.log_lines;
  useEffect(() => {
    if (total > lines) void client.invalidateQueries({ queryKey: ["run_get", { id: runId }] });
  }, [total, lines, client, runId]);
  const source = useMemo(
    () => ({
      total,
      fetch: async (from: number, limit: number) =>
        (await backend.call("run_log", { run_id: runId, from_line: from, limit })).lines.map(line),
      search: async (text: string) =>
        (await backend.call("run_log_search", { run_id: runId, text, limit: MATCHES })).lines,
    }),
    [backend, runId, total],
  );
  return (
    <div className={styles.logTab}>
      {tail.error && <ErrorBanner error={tail.error} onRetry={() => void tail.refetch()} />}
      <LogView source={source} live={live && !(tail.data?.complete ?? false)} />
    </div>
  );
}
