import { keepPreviousData, type UseQueryResult, useQueries } from "@tanstack/react-query";
import { ChartSpline, Search } from "lucide-react";
import { useDeferredValue, useMemo, useState } from "react";
import type { ChartSeries, RunDetail, SmoothedLines } from "../../bindings/api";
import { useBackend, useQueryCommand } from "../../shared/backend";
import {
  ChartGrid,
  ChartGroup,
  LineChart,
  type Series,
  type Smoothing,
  useZoom,
  type XKind,
} from "../../shared/charts";
import { Button, EmptyState, ErrorBanner } from "../../shared/components";
import { t } from "../../shared/i18n";
import { ChartScales, useChartScales } from "./ChartScales";
import { ChartSmoothing } from "./ChartSmoothing";
import { refined, stepsIn } from "./finer";
import { overNotes } from "./overNotes";
import styles from "./runs.module.css";
import { useSmoothedLines } from "./useSmoothedLines";
import { seriesOf } from "./values";

const STEP = 12;
const POINTS = 800;
const NONE: readonly Series[] = [];

const system = (key: string) => Number(key.startsWith("system/"));

/** Charts that come into view are read beside those that are there, which are not read again. */
function partsOf(keys: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let at = 0; at < keys.length; at += STEP) parts.push(keys.slice(at, at + STEP));
  return parts;
}

function together(parts: UseQueryResult<ChartSeries[]>[]) {
  return {
    data: parts.flatMap((part) => part.data ?? []),
    /** As long as some were read for something else. */
    isOld: parts.some((part) => part.isPlaceholderData),
    error: parts.find((part) => part.error)?.error ?? null,
    refetch: () => Promise.all(parts.map((part) => part.refetch())),
  };
}

/** Every metric of a run; the charts share one cursor. */
export function RunCharts({ run, live }: { run: RunDetail; live: boolean }) {
  const { row } = run;
  const [smoothing, setSmoothing] = useState(0);
  const [kind, setKind] = useState<Smoothing>("exponential");
  // The slider follows the hand; the lines follow as fast as they are drawn.
  const smoothed = useDeferredValue(smoothing);
  const [find, setFind] = useState("");
  const [count, setCount] = useState(STEP);
  const wanted = useDeferredValue(find.trim().toLocaleLowerCase());
  const all = useMemo(
    () => row.metrics.map((m) => m.key).sort((a, b) => system(a) - system(b) || a.localeCompare(b)),
    [row.metrics],
  );
  const { x, over, axis, log, scales } = useChartScales(all);
  const keys = useMemo(
    () => all.filter((key) => key !== over && key.toLocaleLowerCase().includes(wanted)),
    [all, over, wanted],
  );
  const shown = keys.slice(0, Math.min(count, 100));
  const lines = useSmoothedLines(smoothing, kind, x);
  const backend = useBackend();
  const chart = useQueries({
    queries: partsOf(shown).map((part) => {
      const args = {
        run_id: row.id,
        keys: part,
        max_points: POINTS,
        from_step: null,
        to_step: null,
        over: axis,
        smoothed: lines.smoothed,
      };
      return {
        queryKey: ["run_chart", args],
        queryFn: () => backend.call("run_chart", args),
        placeholderData: keepPreviousData,
      };
    }),
    combine: together,
  });
  const charts = useMemo(() => new Map(chart.data.map((c) => [c.key, c] as const)), [chart.data]);

  if (row.metrics.length === 0) {
    return (
      <EmptyState
        icon={ChartSpline}
        title={live ? t("runs.noMetrics") : t("runs.noMetricsEver")}
        lead={live ? t("runs.noMetricsLive") : t("runs.noMetricsDone")}
      />
    );
  }
  return (
    <section className={styles.charts} aria-label={t("runs.charts")}>
      <div className={styles.chartBar}>
        <ChartScales {...scales} />
        <ChartSmoothing amount={smoothing} onAmount={setSmoothing} kind={kind} onKind={setKind} />
        {row.metrics.length > 6 && (
          <span className={styles.findMetric}>
            <Search size={14} aria-hidden />
            <input
              type="search"
              aria-label={t("runs.findMetric")}
              placeholder={t("runs.findMetric")}
              value={find}
              onChange={(e) => setFind(e.target.value)}
            />
          </span>
        )}
      </div>
      {chart.error && <ErrorBanner error={chart.error} onRetry={() => void chart.refetch()} />}
      <ChartGroup zoom>
        <ChartGrid>
          {shown.map((key) => (
            <MetricChart
              key={key}
              metric={key}
              runId={row.id}
              start={row.started_at ?? 0}
              chart={charts.get(key)}
              x={x}
              over={over}
              log={log}
              smoothing={smoothed}
              kind={kind}
              smoothed={lines.smoothed}
              whole={lines.rests && !chart.isOld}
              live={live}
            />
          ))}
        </ChartGrid>
      </ChartGroup>
      {keys.length > shown.length && shown.length < 100 && (
        <Button onPress={() => setCount(count + STEP * 2)}>
          {t("runs.moreCharts", { n: Math.min(STEP * 2, keys.length - shown.length) })}
        </Button>
      )}
    </section>
  );
}

/** One metric; a stretch that is zoomed to is read again in finer points when the whole is thinned. */
function MetricChart(props: {
  metric: string;
  runId: string;
  start: number;
  chart: ChartSeries | undefined;
  x: XKind;
  /** The metric on the horizontal axis. */
  over: string | null;
  log: boolean;
  smoothing: number;
  kind: Smoothing;
  /** How lines are asked for. */
  smoothed: SmoothedLines | null;
  /** The lines that were read are smoothed as they are to be drawn. */
  whole: boolean;
  live: boolean;
}) {
  const { metric, runId, start, x, over, whole } = props;
  // What was read for another axis is not drawn on this one.
  const chart = (props.chart?.over != null) === (over !== null) ? props.chart : undefined;
  const { zoomed } = useZoom();
  const steps = useMemo(
    () => (zoomed !== null && chart?.thinned && over === null ? stepsIn(chart, x, start, zoomed) : null),
    [zoomed, chart, x, start, over],
  );
  const part = zoomed !== null && chart?.thinned && over !== null ? zoomed : null;
  const finer = useQueryCommand(
    "run_chart",
    {
      run_id: runId,
      keys: [metric],
      max_points: POINTS,
      from_step: steps?.[0] ?? null,
      to_step: steps?.[1] ?? null,
      over: over === null ? null : { key: over, from: part?.[0] ?? null, to: part?.[1] ?? null },
      smoothed: props.smoothed,
    },
    { enabled: steps !== null || part !== null, keepPrevious: true },
  );
  const stretch = steps === null && part === null ? undefined : finer.data?.[0];
  const isWhole = whole && !(stretch && finer.isPlaceholderData);
  const series = useMemo(() => {
    if (!chart) return NONE;
    const drawn = refined(chart, stretch);
    return [seriesOf(runId, isWhole ? drawn : { ...drawn, smoothed: null }, x, start)];
  }, [chart, stretch, isWhole, runId, x, start]);
  const total = chart?.over?.pairs ?? chart?.total ?? 0;
  const fewer = !chart?.thinned
    ? null
    : stretch && !stretch.thinned
      ? t("runs.everyPoint", { total })
      : t("runs.thinned", { total });
  const notes = [
    ...(fewer === null ? [] : [fewer]),
    ...(chart && over !== null ? overNotes(chart, over) : []),
  ];
  const apart = over !== null && chart?.over?.pairs === 0;
  return (
    <LineChart
      title={metric}
      series={series}
      xKind={x}
      {...(over === null ? {} : { xMetric: over })}
      {...(apart ? { empty: t("charts.over.none", { metric: over }) } : {})}
      yScale={props.log ? "log" : "linear"}
      smoothing={props.smoothing}
      smoothingKind={props.kind}
      live={props.live}
      {...(notes.length === 0 ? {} : { note: notes.join(" · ") })}
    />
  );
}
