import { ChartLine, Table2, ZoomOut } from "lucide-react";
import { type CSSProperties, type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { IconButton } from "../components";
import { formatDuration, formatTime } from "../format";
import { currentLocale, t } from "../i18n";
import { type Column, DataTable } from "../table";
import styles from "./charts.module.css";
import { type Drawn, draw } from "./draw";
import { useCursor, useZoom } from "./group";
import { useLooks } from "./looks";
import { dashed, type SeriesStyle } from "./palette";
import {
  type Series,
  type Smoothing,
  type TableRow,
  type XKind,
  nearest,
  plot as plotOf,
  shortValue,
  tableOf,
} from "./series";

export interface LineChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  readonly xKind?: XKind;
  /** The metric that `metric` as the kind of x means. */
  readonly xMetric?: string;
  readonly yScale?: "linear" | "log";
  /** How much the line is smoothed, 0 to 0.99; the raw line stays as a shadow. */
  readonly smoothing?: number;
  readonly smoothingKind?: Smoothing;
  readonly unit?: string;
  /** More points may come: the axes keep room. */
  readonly live?: boolean;
  /** The least height; a wide chart is higher. */
  readonly height?: number;
  /** Instead of "No points yet". */
  readonly empty?: string;
  /** A remark under the chart. */
  readonly note?: string;
  /** Off where the page has one legend for all its charts. */
  readonly legend?: boolean;
  /** Ids of the series that stand out; without any, all do. */
  readonly emphasis?: ReadonlySet<string>;
  /** Told the id of the line under the pointer. */
  readonly onPoint?: (id: string | null) => void;
}

/** So many values are read out at a point; a page of many series reads those that stand out. */
const SPOKEN = 8;

function xText(x: number, kind: XKind): string {
  if (kind === "time") return formatTime(x);
  if (kind === "relative") return formatDuration(x * 1000);
  return shortValue(x, currentLocale());
}

const X_NAMES = {
  step: "views.chart.step",
  relative: "views.chart.relative",
  time: "views.chart.time",
  metric: "charts.x.metric",
} as const;

/** Line chart with a shared cursor, a keyboard cursor, and a table of the same figures. */
export function LineChart(props: LineChartProps) {
  const {
    title,
    series,
    xKind = "step",
    xMetric,
    yScale = "linear",
    smoothing = 0,
    smoothingKind = "exponential",
    live = false,
    height = 168,
  } = props;
  const locale = currentLocale();
  const xName = xKind === "metric" && xMetric !== undefined ? xMetric : t(X_NAMES[xKind]);
  const empty = props.empty ?? t("views.chart.noPoints");
  const host = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | null>(null);
  const { cursor, x } = useCursor();
  const [asTable, setAsTable] = useState(false);
  const { zoom, zoomed } = useZoom();
  const [said, setSaid] = useState("");
  const summaryId = useId();

  const ids = useMemo(() => series.map((s) => s.id), [series]);
  const byId = useLooks(ids);
  const looks = useMemo(() => {
    return series.map((s): SeriesStyle => {
      const style = dashed(byId.get(s.id) ?? { slot: 1, dash: [] }, s.dash ?? 0);
      return s.points ? { ...style, points: true } : style;
    });
  }, [series, byId]);
  const look = looks.map((l) => `${l.slot}:${l.dash.join()}:${l.points ?? false}`).join("|");
  const rows = useMemo(() => tableOf(series), [series]);
  const plot = useMemo(() => {
    const seconds = xKind === "time" ? series.map((s) => ({ ...s, x: s.x.map((v) => v / 1000) })) : series;
    return plotOf(seconds, smoothing, yScale === "log", smoothingKind);
  }, [series, smoothing, smoothingKind, yScale, xKind]);
  const latest = useRef(plot);
  latest.current = plot;
  const smoothed = smoothing > 0;
  const pointed = useRef<(index: number | null) => void>(() => {});
  const [near, setNear] = useState<number | null>(null);
  pointed.current = (index) => {
    setNear(index);
    props.onPoint?.(index === null ? null : (series[index]?.id ?? null));
  };
  const points = props.onPoint !== undefined;
  const hasPoints = rows.length > 0;
  const scale = xKind === "time" ? 1000 : 1;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `look` stands for `looks`; data goes through update()
  useEffect(() => {
    const element = host.current;
    if (!element || asTable || !hasPoints) return;
    const chart = draw(element, latest.current, {
      width: Math.max(element.clientWidth, 120),
      height: element.clientHeight || height,
      xKind,
      log: yScale === "log",
      live,
      locale,
      styles: looks,
      onCursor: (at) => cursor.set(at === null ? null : at * scale),
      onZoom: (range) => zoom.set(range === null ? null : [range[0] * scale, range[1] * scale]),
      ...(points ? { onPoint: (index: number | null) => pointed.current(index) } : {}),
    });
    drawn.current = chart;
    if (!chart) return;
    const resize = new ResizeObserver(() => {
      if (element.clientWidth > 0) chart.size(element.clientWidth, element.clientHeight || height);
    });
    resize.observe(element);
    const theme = new MutationObserver(() => chart.repaint());
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => {
      resize.disconnect();
      theme.disconnect();
      chart.destroy();
      drawn.current = null;
    };
  }, [look, xKind, yScale, smoothed, live, locale, height, asTable, hasPoints, cursor, zoom, scale, points]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a stretch of one axis means nothing on another
  useEffect(() => () => zoom.set(null), [xKind, xMetric, zoom]);

  useEffect(() => drawn.current?.update(plot), [plot]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a chart that is drawn anew is zoomed again
  useEffect(() => {
    drawn.current?.zoom(zoomed === null ? null : [zoomed[0] / scale, zoomed[1] / scale]);
  }, [zoomed, scale, look, yScale, smoothed, asTable, hasPoints]);
  const { emphasis } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  useEffect(() => {
    if (!emphasis) return;
    const chosen = new Set(series.flatMap((s, i) => (emphasis.has(s.id) ? [i] : [])));
    drawn.current?.emphasize(chosen.size === 0 ? null : chosen);
  }, [emphasis, series, look, yScale, smoothed, asTable, hasPoints]);
  useEffect(() => drawn.current?.cursor(x === null ? null : x / scale), [x, scale]);

  const at = x === null ? -1 : nearest(rows, x);
  const shown = at >= 0 ? rows[at] : undefined;
  const lastOf = (index: number) => series[index]?.y[series[index].y.length - 1];
  const shownValue = (index: number) => (shown ? shown.values[index] : lastOf(index));
  const unit = props.unit ? ` ${props.unit}` : "";
  const gaps = series.reduce((n, s) => n + s.y.filter((v) => Number.isNaN(v)).length, 0);
  const drawable = plot.columns.some((c) => c.some((v) => v !== null && v !== undefined));
  // Charts that zoom together need not have points in the same places, or a line between two.
  const elsewhere =
    zoomed !== null &&
    !rows.some((row) => row.x >= zoomed[0] && row.x <= zoomed[1]) &&
    !series.some(
      (s) => !s.points && (s.x[0] ?? zoomed[0]) < zoomed[0] && (s.x.at(-1) ?? zoomed[1]) > zoomed[1],
    );
  const first = rows[0];
  const last = rows[rows.length - 1];
  const summary =
    first && last
      ? t("views.chart.summary", {
          points: rows.length,
          xName,
          from: xText(first.x, xKind),
          to: xText(last.x, xKind),
        })
      : empty;

  const say = (row: TableRow) => {
    const told = series
      .map((s, i) => ({ s, i }))
      .filter(({ s, i }) => (emphasis?.size ? emphasis.has(s.id) : row.values[i] !== undefined));
    const values = told
      .slice(0, SPOKEN)
      .map(({ s, i }) => (series.length > 1 ? `${s.label} ` : "") + shortValue(row.values[i], locale) + unit);
    return `${xName} ${xText(row.x, xKind)}: ${values.join(", ")}`;
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (rows.length === 0) return;
    const leap = Math.max(1, Math.round(rows.length / 20));
    const from = at < 0 ? rows.length : at;
    const moves: Record<string, number> = {
      ArrowLeft: from - 1,
      ArrowRight: at < 0 ? 0 : at + 1,
      PageUp: from - leap,
      PageDown: Math.max(at, 0) + leap,
      Home: 0,
      End: rows.length - 1,
    };
    if (event.key === "Escape" && x !== null) {
      event.stopPropagation();
      cursor.set(null);
      setSaid("");
      return;
    }
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const row = rows[Math.min(Math.max(to, 0), rows.length - 1)];
    if (!row) return;
    cursor.set(row.x);
    setSaid(say(row));
  };

  return (
    <figure className={styles.chart} aria-label={title}>
      <figcaption className={styles.caption}>
        <span className={styles.name} title={title}>
          {title}
        </span>
        {series.length === 1 && (shown !== undefined || xKind !== "metric") && (
          <span className={styles.value}>
            {shortValue(shownValue(0), locale)}
            {unit}
          </span>
        )}
        {near !== null && series[near] && props.legend === false && (
          <span className={styles.near}>
            <Key style={looks[near]} />
            <bdi>{series[near].label}</bdi>
            <span className={styles.legendValue}>{shortValue(shownValue(near), locale)}</span>
          </span>
        )}
        <span className={styles.where}>
          {shown
            ? `${xName} ${xText(shown.x, xKind)}`
            : hasPoints && xKind !== "metric" && (series.length === 1 || props.legend !== false)
              ? t("views.chart.last")
              : ""}
        </span>
        <span className={styles.tools}>
          {zoomed !== null && (
            <IconButton
              size="small"
              label={t("views.chart.resetZoom")}
              icon={<ZoomOut size={14} />}
              onPress={() => zoom.set(null)}
            />
          )}
          <IconButton
            size="small"
            label={t(asTable ? "views.chart.asChart" : "views.chart.asTable", { title })}
            icon={asTable ? <ChartLine size={14} /> : <Table2 size={14} />}
            onPress={() => setAsTable(!asTable)}
          />
        </span>
      </figcaption>
      {series.length > 1 && props.legend !== false && (
        <ul className={styles.legend}>
          {series.map((s, i) => (
            <li key={`${s.id} ${s.label}`}>
              <Key style={looks[i]} />
              <span className={styles.legendName}>{s.label}</span>
              <span className={styles.legendValue}>{shortValue(shownValue(i), locale)}</span>
            </li>
          ))}
        </ul>
      )}
      {asTable ? (
        <div className={styles.table} style={least(height)}>
          <ValueTable title={title} series={series} rows={rows} xKind={xKind} xName={xName} />
        </div>
      ) : (
        <div
          ref={host}
          className={styles.plot}
          style={least(height)}
          role="application"
          aria-roledescription={t("views.chart.roleDescription")}
          aria-label={title}
          aria-describedby={summaryId}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the cursor
          tabIndex={0}
          onKeyDown={onKeyDown}
          onBlur={() => {
            if (said) {
              cursor.set(null);
              setSaid("");
            }
          }}
        >
          {(!(hasPoints && drawable) || elsewhere) && (
            <p className={styles.none}>
              {!hasPoints ? empty : drawable ? t("views.chart.elsewhere") : t("views.chart.allGaps")}
            </p>
          )}
        </div>
      )}
      <span id={summaryId} className={styles.hidden}>
        {summary}
      </span>
      <span role="status" className={styles.hidden}>
        {said}
      </span>
      <p className={styles.foot}>
        <span className={styles.note}>
          {[
            props.note ?? "",
            plot.marks.length > 0 ? t("views.chart.infinite", { n: plot.marks.length }) : "",
            gaps > 0 ? t("views.chart.gaps", { n: gaps }) : "",
          ]
            .filter(Boolean)
            .join(" · ")}
        </span>
        {hasPoints && !asTable && (
          <span aria-hidden className={styles.axis}>
            {xName} →
          </span>
        )}
      </p>
    </figure>
  );
}

/** The height of a chart that is not wide. */
const least = (height: number) => ({ "--least-height": `${height}px` }) as CSSProperties;

function Key({ style }: { style: SeriesStyle | undefined }) {
  return (
    <svg width="18" height="8" aria-hidden className={styles.key}>
      <line
        x1="0"
        y1="4"
        x2="18"
        y2="4"
        stroke={`var(--series-${style?.slot ?? 1})`}
        strokeWidth="2.5"
        strokeDasharray={style?.dash.join(" ")}
      />
    </svg>
  );
}

function ValueTable(props: {
  title: string;
  series: readonly Series[];
  rows: readonly TableRow[];
  xKind: XKind;
  xName: string;
}) {
  const { series, rows, xKind, xName } = props;
  const columns = useMemo<Column<TableRow>[]>(
    () => [
      {
        id: "x",
        header: xName,
        text: (r) => xText(r.x, xKind),
        sort: (r) => r.x,
        width: 96,
        align: "end",
      },
      ...series.map(
        (s, i): Column<TableRow> => ({
          id: `y${i}`,
          header: s.label,
          text: (r) => (r.values[i] === undefined ? "" : String(r.values[i])),
          cell: (r) => (
            <span title={String(r.values[i] ?? "")}>{shortValue(r.values[i], currentLocale())}</span>
          ),
          sort: (r) => r.values[i],
          width: 120,
          align: "end",
        }),
      ),
    ],
    [series, xKind, xName],
  );
  return (
    <DataTable
      id="chart-values"
      label={t("views.chart.tableLabel", { title: props.title })}
      rows={rows}
      rowKey={(r) => `${r.x} ${r.nth}`}
      columns={columns}
    />
  );
}
