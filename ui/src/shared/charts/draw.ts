// The order matters: see safeLanguage.ts.
import "./safeLanguage";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { SeriesStyle } from "./palette";
import type { Zoom } from "./group";
import { type Plot, type XKind, roomyEnd, shortValue } from "./series";

export interface DrawOptions {
  readonly width: number;
  readonly height: number;
  readonly xKind: XKind;
  readonly log: boolean;
  readonly live: boolean;
  readonly locale: string;
  readonly styles: readonly SeriesStyle[];
  readonly onCursor: (x: number | null) => void;
  readonly onZoom: (zoom: Zoom | null) => void;
  /** With it, the line under the pointer is told by its index. */
  readonly onPoint?: (series: number | null) => void;
}

/** More lines than this are drawn thinner and lighter, so that those beneath are seen. */
const MANY = 40;

const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const font = () => `11px ${token("--font-sans") || "sans-serif"}`;

function relative(seconds: number, locale: string): string {
  const n = (v: number) => new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(v);
  if (seconds >= 3600) return `${n(seconds / 3600)} h`;
  if (seconds >= 60) return `${n(seconds / 60)} min`;
  return `${n(seconds)} s`;
}

/** Where the infinities of a series are, as triangles at the edge they left through. */
function drawMarks(u: uPlot, plot: Plot, colours: readonly string[]): void {
  const { ctx, bbox } = u;
  const size = 4 * devicePixelRatio;
  ctx.save();
  for (const mark of plot.marks) {
    const x = u.valToPos(mark.x, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const tip = mark.sign > 0 ? bbox.top : bbox.top + bbox.height;
    const base = tip + mark.sign * size * 1.6;
    ctx.fillStyle = colours[mark.series] ?? "currentColor";
    ctx.beginPath();
    ctx.moveTo(x, tip);
    ctx.lineTo(x - size, base);
    ctx.lineTo(x + size, base);
    ctx.closePath();
    ctx.fill();
  }
  ctx.restore();
}

/** Data in uPlot's order: x, then the raw shadows, then the lines. */
export function dataOf(plot: Plot): uPlot.AlignedData {
  return [plot.x, ...plot.raw, ...plot.columns] as uPlot.AlignedData;
}

export interface Drawn {
  update(plot: Plot): void;
  size(width: number, height: number): void;
  cursor(x: number | null): void;
  zoom(range: Zoom | null): void;
  /** Brings lines forward by their index; null draws all alike. */
  emphasize(series: ReadonlySet<number> | null): void;
  repaint(): void;
  destroy(): void;
}

/** Draws on `host`, or answers null where there is no canvas. */
export function draw(host: HTMLElement, first: Plot, options: DrawOptions): Drawn | null {
  if (!document.createElement("canvas").getContext("2d")) return null;
  let plot = first;
  let zoomed = false;
  let steered = false;
  let reached: { low: number; high: number } | null = null;
  const colour = (slot: number) => token(`--series-${slot}`);
  const shadows = plot.raw.length > 0;
  const many = options.styles.length > MANY;
  const alphaOf = (shadow: boolean) => (shadow ? 0.28 : 1) * (many ? 0.5 : 1);
  const widthOf = (shadow: boolean) => (shadow || many ? 1 : 1.6);
  const line = (style: SeriesStyle, shadow: boolean): uPlot.Series => {
    // Smoothed, they are a line over their points.
    const apart = style.points === true && shadow === shadows;
    return {
      stroke: () => colour(style.slot),
      width: widthOf(shadow),
      alpha: alphaOf(shadow),
      dash: shadow ? [] : [...style.dash],
      spanGaps: false,
      ...(apart ? { paths: () => null } : {}),
      points: apart
        ? { show: true, size: 4, width: 0, fill: () => colour(style.slot) }
        : { show: (_u, _i, from, to) => to - from < 2 },
    };
  };

  const grid: uPlot.Axis.Grid = { stroke: () => token("--chart-grid"), width: 1 };
  const axis = {
    stroke: () => token("--chart-axis"),
    ticks: { show: false },
    grid,
  } satisfies uPlot.Axis;

  const u = new uPlot(
    {
      width: options.width,
      height: options.height,
      // The last figure of the axis stands half beyond the drawing.
      padding: [8, 22, 0, 0],
      legend: { show: false },
      cursor: {
        drag: { x: true, y: false, setScale: true },
        points: { size: 7 },
        ...(options.onPoint ? { focus: { prox: 20 } } : {}),
        y: false,
      },
      ...(options.onPoint ? { focus: { alpha: 1 } } : {}),
      scales: {
        x: {
          time: options.xKind === "time",
          range: (_u, min, max) => {
            if (zoomed || !options.live) return [min, max === min ? min + 1 : max];
            return [min, roomyEnd(min, max)];
          },
        },
        y: {
          distr: options.log ? 3 : 1,
          range: (_u, min, max) => {
            if (min === null || max === null) return options.log ? [0.1, 1] : [0, 1];
            if (options.log) return uPlot.rangeLog(min, max, 10, true);
            // A live chart keeps the room it had: lines do not sink under the eye with every point.
            const low = reached && options.live && !zoomed ? Math.min(reached.low, min) : min;
            const high = reached && options.live && !zoomed ? Math.max(reached.high, max) : max;
            if (!zoomed) reached = { low, high };
            return uPlot.rangeNum(low, high, 0.08, true);
          },
        },
      },
      axes: [
        {
          ...axis,
          font: font(),
          size: 24,
          gap: 4,
          space: 72,
          ...(options.xKind === "time"
            ? {}
            : {
                values: (_u: uPlot, splits: number[]) =>
                  splits.map((v) =>
                    options.xKind === "relative"
                      ? relative(v, options.locale)
                      : shortValue(v, options.locale),
                  ),
              }),
        },
        {
          ...axis,
          font: font(),
          size: (_u, values) =>
            Math.max(40, 12 + 6.4 * Math.max(0, ...(values ?? []).map((v) => v?.length ?? 0))),
          gap: 6,
          space: 28,
          values: (_u: uPlot, splits: (number | null)[]) =>
            splits.map((v) => (v === null ? "" : shortValue(v, options.locale))),
        },
      ],
      series: [
        {},
        ...(shadows ? options.styles.map((style) => line(style, true)) : []),
        ...options.styles.map((style) => line(style, false)),
      ],
      hooks: {
        draw: [
          (self) =>
            drawMarks(
              self,
              plot,
              options.styles.map((s) => colour(s.slot)),
            ),
        ],
        setCursor: [
          (self) => {
            if (steered) return;
            const { left, idx } = self.cursor;
            options.onCursor(
              left === undefined || left < 0 || idx === null || idx === undefined
                ? null
                : (self.data[0][idx] ?? null),
            );
          },
        ],
        setSeries: [
          (self, index) => {
            const lines = index === null ? -1 : index - (self.series.length - options.styles.length);
            options.onPoint?.(lines < 0 ? null : lines);
          },
        ],
        setSelect: [
          (self) => {
            if (self.select.width <= 0) return;
            zoomed = true;
            options.onZoom([
              self.posToVal(self.select.left, "x"),
              self.posToVal(self.select.left + self.select.width, "x"),
            ]);
          },
        ],
      },
    },
    dataOf(plot),
    host,
  );
  u.over.addEventListener("dblclick", () => {
    zoomed = false;
    options.onZoom(null);
  });

  return {
    update(next) {
      plot = next;
      u.setData(dataOf(next), !zoomed);
      if (zoomed) u.redraw(true, false);
    },
    size: (width, height) => u.setSize({ width, height }),
    cursor(x) {
      steered = true;
      u.setCursor(x === null ? { left: -10, top: -10 } : { left: u.valToPos(x, "x"), top: 0 }, false);
      steered = false;
    },
    zoom(range) {
      if (range === null) {
        if (!zoomed) return;
        zoomed = false;
        reached = null;
        u.setData(dataOf(plot), true);
      } else {
        zoomed = true;
        u.setScale("x", { min: range[0], max: range[1] });
      }
    },
    emphasize(chosen) {
      const from = u.series.length - options.styles.length;
      const shadowsTo = shadows ? options.styles.length : 0;
      u.series.forEach((series, i) => {
        if (i === 0) return;
        const shadow = i <= shadowsTo;
        const on = chosen === null || chosen.has(shadow ? i - 1 : i - from);
        const forward = chosen !== null && on;
        series.alpha = forward ? (shadow ? 0.28 : 1) : alphaOf(shadow) * (on ? 1 : 0.12);
        series.width = forward && !shadow ? 2.4 : widthOf(shadow);
      });
      u.redraw(false, false);
    },
    repaint: () => u.redraw(false, true),
    destroy: () => u.destroy(),
  };
}
