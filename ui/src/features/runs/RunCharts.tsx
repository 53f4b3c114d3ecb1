import { ChartSpline, Search } from "lucide-react";
import { useDeferredValue, useMemo, useState } from "react";
import { Slider, SliderThumb, SliderTrack } from "react-aria-components";
import type { RunDetail } from "../../bindings/api";
import { useQueryCommand } from "../../shared/backend";
import { ChartGroup, LineChart, type Series, type XKind } from "../../shared/charts";
import { Button, EmptyState, ErrorBanner } from "../../shared/components";
import { t } from "../../shared/i18n";
import { ChartScales } from "./ChartScales";
import styles from "./runs.module.css";
import { seriesOf } from "./values";

const STEP = 12;
const POINTS = 800;
const NONE: readonly Series[] = [];

/** Every metric of a run; the charts share one cursor. */
export function RunCharts({ run, live }: { run: RunDetail; live: boolean }) {
  const { row } = run;
  const [x, setX] = useState<XKind>("step");
  const [log, setLog] = useState(false);
  const [smoothing, setSmoothing] = useState(0);
  const [find, setFind] = useState("");
  const [count, setCount] = useState(STEP);
  const wanted = useDeferredValue(find.trim().toLocaleLowerCase());
  const keys = useMemo(
    () =>
      row.metrics
        .map((m) => m.key)
        .filter((k) => k.toLocaleLowerCase().includes(wanted))
        .sort(
          (a, b) => Number(a.startsWith("system/")) - Number(b.startsWith("system/")) || a.localeCompare(b),
        ),
    [row.metrics, wanted],
  );
  const shown = keys.slice(0, Math.min(count, 100));
  const chart = useQueryCommand(
    "run_chart",
    { run_id: row.id, keys: shown, max_points: POINTS, from_step: null, to_step: null },
    { enabled: shown.length > 0, keepPrevious: true },
  );
  const start = row.started_at ?? 0;
  const series = useMemo(
    () =>
      new Map(
        (chart.data ?? []).map(
          (c) =>
            [c.key, { series: [seriesOf(row.id, c, x, start)], thinned: c.thinned, total: c.total }] as const,
        ),
      ),
    [chart.data, row.id, x, start],
  );

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
        <ChartScales x={x} onX={setX} log={log} onLog={setLog} />
        <Slider
          className={styles.slider ?? ""}
          aria-label={t("runs.smoothing")}
          minValue={0}
          maxValue={0.99}
          step={0.01}
          value={smoothing}
          onChange={(v) => setSmoothing(Array.isArray(v) ? (v[0] ?? 0) : v)}
        >
          <span aria-hidden>{t("runs.smoothing")}</span>
          <SliderTrack className={styles.track ?? ""}>
            <SliderThumb className={styles.thumb ?? ""} />
          </SliderTrack>
          <output className={styles.num}>{smoothing.toFixed(2)}</output>
        </Slider>
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
      <ChartGroup>
        <div className={styles.chartGrid}>
          {shown.map((key) => {
            const known = series.get(key);
            return (
              <LineChart
                key={key}
                title={key}
                series={known?.series ?? NONE}
                xKind={x}
                yScale={log ? "log" : "linear"}
                smoothing={smoothing}
                live={live}
                {...(known?.thinned ? { note: t("runs.thinned", { total: known.total }) } : {})}
              />
            );
          })}
        </div>
      </ChartGroup>
      {keys.length > shown.length && shown.length < 100 && (
        <Button onPress={() => setCount(count + STEP * 2)}>
          {t("runs.moreCharts", { n: Math.min(STEP * 2, keys.length - shown.length) })}
        </Button>
      )}
    </section>
  );
}
