import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ChartSpline } from "lucide-react";
import { useDeferredValue, useMemo, useState } from "react";
import type { ChartAxis, ComparedMetric, Comparison, RunRow } from "../../bindings/api";
import { useBackend } from "../../shared/backend";
import { ChartGrid, ChartGroup, LineChart, type Smoothing, type XKind } from "../../shared/charts";
import { Banner, Button, EmptyState, ErrorBanner } from "../../shared/components";
import { t } from "../../shared/i18n";
import { ChartScales, useChartScales } from "../runs/ChartScales";
import { ChartSmoothing } from "../runs/ChartSmoothing";
import { isOver } from "../runs/status";
import { seriesOf } from "../runs/values";
import { useSmoothedLines } from "../runs/useSmoothedLines";
import styles from "./compare.module.css";
import { KEY, type Linked } from "./linked";

const FIRST = 6;
/** Points of all lines of a chart together. */
const POINTS = 24_000;

const system = (key: string) => Number(key.startsWith("system/"));
const having = (metric: ComparedMetric) => metric.values.filter((value) => value !== null).length;

/** One chart a metric with a line for each run; cursor and zoom are the same in all. */
export function CompareCharts({ data, linked }: { data: Comparison; linked: Linked }) {
  const keys = useMemo(
    () =>
      data.metrics.map((metric) => metric.key).sort((a, b) => system(a) - system(b) || a.localeCompare(b)),
    [data.metrics],
  );
  const { x, over, axis, log, scales } = useChartScales(keys);
  const [amount, setAmount] = useState(0);
  const [kind, setKind] = useState<Smoothing>("exponential");
  // The slider follows the hand; the lines follow as fast as they are drawn.
  const smoothing = useDeferredValue(amount);
  const [find, setFind] = useState("");
  const [shown, setShown] = useState(FIRST);
  const metrics = useMemo(() => {
    const wanted = find.trim().toLocaleLowerCase();
    return data.metrics
      .filter((metric) => metric.key !== over && metric.key.toLocaleLowerCase().includes(wanted))
      .sort((a, b) => system(a.key) - system(b.key) || having(b) - having(a) || a.key.localeCompare(b.key));
  }, [data.metrics, find, over]);
  if (data.metrics.length === 0) {
    return <EmptyState icon={ChartSpline} title={t("compare.noMetrics")} lead={t("compare.noMetricsLead")} />;
  }
  return (
    <div className={styles.column}>
      <div className={styles.bar}>
        <ChartScales {...scales} />
        <ChartSmoothing amount={amount} onAmount={setAmount} kind={kind} onKind={setKind} />
        {data.metrics.length > FIRST && (
          <input
            type="search"
            className={styles.search}
            aria-label={t("runs.findMetric")}
            placeholder={t("runs.findMetric")}
            value={find}
            onChange={(e) => setFind(e.target.value)}
          />
        )}
      </div>
      {data.runs.length > 1 && data.metrics.every((metric) => having(metric) < 2) && (
        <Banner kind="plain" title={t("compare.noCommon")} />
      )}
      <ChartGroup zoom>
        <ChartGrid>
          {metrics.slice(0, shown).map((metric) => (
            <MetricChart
              key={metric.key}
              metric={metric}
              runs={data.runs}
              x={x}
              over={over}
              axis={axis}
              log={log}
              smoothing={smoothing}
              kind={kind}
              linked={linked}
            />
          ))}
        </ChartGrid>
      </ChartGroup>
      {metrics.length > shown && (
        <Button onPress={() => setShown(shown + FIRST * 2)}>
          {t("runs.moreCharts", { n: Math.min(FIRST * 2, metrics.length - shown) })}
        </Button>
      )}
    </div>
  );
}

function MetricChart(props: {
  metric: ComparedMetric;
  runs: readonly RunRow[];
  x: XKind;
  /** The metric on the horizontal axis. */
  over: string | null;
  axis: ChartAxis | null;
  log: boolean;
  smoothing: number;
  kind: Smoothing;
  linked: Linked;
}) {
  const { metric, runs, x, over, linked } = props;
  const lines = useSmoothedLines(props.smoothing, props.kind, x);
  const backend = useBackend();
  const logged = runs.filter((_, i) => metric.values[i] != null);
  const args = {
    run_ids: logged.map((run) => run.id),
    key: metric.key,
    max_points: Math.max(60, Math.min(800, Math.floor(POINTS / logged.length))),
    from_step: null,
    to_step: null,
    over: props.axis,
    smoothed: lines.smoothed,
  };
  const chart = useQuery({
    queryKey: [KEY, "chart", args],
    queryFn: () => backend.call("runs_chart", args),
    placeholderData: keepPreviousData,
  });
  // What was read for another axis is not drawn on this one.
  const read = useMemo(
    () => (chart.data ?? []).filter(({ series }) => (series.over !== null) === (over !== null)),
    [chart.data, over],
  );
  const whole = lines.rests && !chart.isPlaceholderData;
  const series = useMemo(() => {
    const byId = new Map(runs.map((run) => [run.id, run]));
    return read.flatMap(({ run_id, series }) => {
      if (series.over?.pairs === 0) return [];
      const run = byId.get(run_id);
      return run
        ? [
            {
              ...seriesOf(run_id, whole ? series : { ...series, smoothed: null }, x, run.started_at ?? 0),
              label: run.name,
            },
          ]
        : [];
    });
  }, [read, runs, x, whole]);
  const apart = read.filter(({ series }) => series.over?.pairs === 0).length;
  const unsteady = read.some(({ series }) => series.over && !series.over.steady);
  const unplaced = read.reduce((n, { series }) => n + (series.over?.unplaced ?? 0), 0);
  const notes = [
    ...(logged.length < runs.length ? [t("compare.inRuns", { n: logged.length, total: runs.length })] : []),
    ...(over !== null && apart > 0 && apart < read.length
      ? [t("charts.over.runs", { n: apart, metric: over })]
      : []),
    ...(over !== null && unplaced > 0 ? [t("charts.over.unplaced", { n: unplaced, metric: over })] : []),
    ...(over !== null && unsteady ? [t("charts.over.unsteady", { metric: over })] : []),
  ];
  if (chart.error && !chart.data) return <ErrorBanner error={chart.error} title={metric.key} />;
  return (
    <LineChart
      title={metric.key}
      series={series}
      xKind={x}
      {...(over === null ? {} : { xMetric: over })}
      {...(over !== null && apart > 0 ? { empty: t("charts.over.none", { metric: over }) } : {})}
      yScale={props.log ? "log" : "linear"}
      smoothing={props.smoothing}
      smoothingKind={props.kind}
      live={logged.some((run) => !isOver(run))}
      height={220}
      legend={false}
      emphasis={linked.forward}
      onPoint={linked.point}
      {...(notes.length > 0 ? { note: notes.join(" · ") } : {})}
    />
  );
}
