import { useMemo } from "react";
import type { LogLine as WireLine, RunDetail } from "../../bindings/api";
import { useBackend, useQueryCommand } from "../../shared/backend";
import { ErrorBanner } from "../../shared/components";
import { type LogLine, LogView } from "../../shared/logview";
import styles from "./runs.module.css";

const MATCHES = 10_000;

const line = (l: WireLine): LogLine => ({ stream: l.stream, at: l.at, text: l.text, continues: l.continues });

/** The run's log, read by window. */
export function RunLog({ run, live }: { run: RunDetail; live: boolean }) {
  const backend = useBackend();
  const runId = run.row.id;
  // Any window says how many lines there are; the first stays the same question as the log grows.
  const tail = useQueryCommand("run_log", { run_id: runId, from_line: 0, limit: 1 }, { keepPrevious: true });
  const total = Math.max(tail.data?.total ?? 0, run.log_lines);
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
