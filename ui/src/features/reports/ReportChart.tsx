import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { ChartSpline } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import type { ReportRunSet, ReportRuns } from "../../bindings/api";
import { type CommandError, useBackend, useQueryCommand } from "../../shared/backend";
import { LineChart, Looks, type Series } from "../../shared/charts";
import { EmptyState, ErrorBanner, LoadingShape } from "../../shared/components";
import { shortId } from "../../shared/format";
import { t } from "../../shared/i18n";
import { overNotesOfLines } from "../runs/overNotes";
import { isOver } from "../runs/status";
import { useSmoothedLines } from "../runs/useSmoothedLines";
import { seriesOf } from "../runs/values";
import type { Chart } from "./content";
import styles from "./reports.module.css";

/** Points of all lines of a chart together. */
const POINTS = 24_000;
/** Beyond so many lines the names would push the chart away. */
const NAMED = 30;

/** The runs of a part as they are now. */
export function useReportRuns(runs: ReportRuns, columns: readonly string[] = []) {
  return useQueryCommand("report_runs", { runs, columns: [...columns] }, { keepPrevious: true });
}

/** That a search finds more than is shown. */
export const moreOf = (set: ReportRunSet): string[] =>
  set.rows.length < set.total ? [t("reports.firstOf", { n: set.rows.length, total: set.total })] : [];

/** What of the runs is not to be seen. */
function notesOf(set: ReportRunSet): string[] {
  return [
    ...moreOf(set),
    ...(set.gone.length > 0
      ? [t("reports.goneRuns", { names: set.gone.map((run) => run.name).join(", ") })]
      : []),
  ];
}

/** Why a part shows no run. */
export function NoRuns({ runs, set }: { runs: ReportRuns; set: ReportRunSet }) {
  return (
    <div className={styles.none}>
      <p>{runs.kind === "search" ? t("reports.noRunsFound") : t("reports.noRuns")}</p>
      {set.gone.length > 0 && <p className="quiet">{notesOf(set).join(" · ")}</p>}
    </div>
  );
}

/** Runs of the same name get the end of their id. */
function labels(set: ReportRunSet): ReadonlyMap<string, string> {
  const count = new Map<string, number>();
  for (const run of set.rows) count.set(run.name, (count.get(run.name) ?? 0) + 1);
  return new Map(
    set.rows.map((run) => [
      run.id,
      (count.get(run.name) ?? 0) > 1 ? `${run.name} · ${shortId(run.id)}` : run.name,
    ]),
  );
}

export function ReportChart(props: { body: Chart; runs: ReportRuns; tools?: ReactNode }) {
  const { body, runs } = props;
  const backend = useBackend();
  const set = useReportRuns(runs);
  const ids = useMemo(() => set.data?.rows.map((run) => run.id) ?? [], [set.data]);
  const { metrics, over } = body;
  const x = over === null ? body.x : "metric";
  const wanted = useSmoothedLines(body.smoothing, body.smoothing_kind, x);
  const most = Math.floor(POINTS / Math.max(1, ids.length * metrics.length));
  const charts = useQueries({
    queries: (ids.length > 0 ? metrics : []).map((key) => {
      const args = {
        run_ids: ids,
        key,
        max_points: Math.max(60, Math.min(2000, most)),
        from_step: null,
        to_step: null,
        over: over === null ? null : { key: over, from: null, to: null },
        smoothed: wanted.smoothed,
      };
      // Named like a command: events read it again.
      return {
        queryKey: ["runs_chart", args],
        queryFn: () => backend.call("runs_chart", args),
        placeholderData: keepPreviousData,
      };
    }),
  });
  // What was read for another metric or axis is not drawn as this one.
  const read = charts.map((chart, nth) =>
    chart.data?.filter(
      ({ series }) => series.key === metrics[nth] && (series.over !== null) === (over !== null),
    ),
  );
  const readAt = charts.map((chart) => `${chart.dataUpdatedAt} ${chart.isPlaceholderData}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `readAt` stands for `read`
  const series = useMemo<Series[]>(() => {
    if (!set.data) return [];
    const names = labels(set.data);
    const byId = new Map(set.data.rows.map((run) => [run.id, run]));
    return metrics.flatMap((key, nth) =>
      (read[nth] ?? []).flatMap(({ run_id, series }) => {
        const run = byId.get(run_id);
        if (!run || series.over?.pairs === 0) return [];
        const start = run.started_at ?? series.times[0] ?? 0;
        const whole = wanted.rests && !charts[nth]?.isPlaceholderData;
        const name = names.get(run_id) ?? run.name;
        return [
          {
            ...seriesOf(run_id, whole ? series : { ...series, smoothed: null }, x, start),
            label: metrics.length > 1 ? `${name} · ${key}` : name,
            dash: nth,
          },
        ];
      }),
    );
  }, [readAt, wanted.rests, set.data, metrics, x, over]);

  const failed = set.error ?? (charts.find((chart) => chart.error)?.error as CommandError | undefined);
  const title = body.title || metrics.join(", ");
  if (failed && series.length === 0) {
    return <ErrorBanner error={failed} {...(title ? { title } : {})} onRetry={() => void set.refetch()} />;
  }
  if (metrics.length === 0) {
    return <EmptyState icon={ChartSpline} title={t("reports.noMetric")} />;
  }
  if (!set.data || charts.some((chart) => chart.isPending)) return <LoadingShape rows={5} />;
  if (set.data.rows.length === 0) return <NoRuns runs={runs} set={set.data} />;
  const lines = read.flatMap((part) => part ?? []).map(({ series }) => series);
  const notes = [...notesOf(set.data), ...(over === null ? [] : overNotesOfLines(lines, over))];
  return (
    <div className={styles.figure}>
      <Looks ids={ids}>
        <LineChart
          title={title}
          series={series}
          xKind={x}
          {...(over === null ? {} : { xMetric: over })}
          yScale={body.log ? "log" : "linear"}
          smoothing={body.smoothing}
          smoothingKind={body.smoothing_kind}
          live={set.data.rows.some((run) => !isOver(run))}
          height={300}
          legend={series.length <= NAMED}
          {...(notes.length > 0 ? { note: notes.join(" · ") } : {})}
        />
      </Looks>
      {props.tools && <span className={styles.figureTools}>{props.tools}</span>}
    </div>
  );
}
