// What a chart is made of, before anything is drawn: aligned columns, marks for what has no place
// on an axis, and the same figures as rows for the table alternative.

import { numberFormat } from "../format/intl";

/** What a chart is drawn over: steps, time, or the values of another metric. */
export type XKind = "step" | "relative" | "time" | "metric";

export interface Series {
  /** Decides the colour: the run's id. */
  readonly id: string;
  readonly label: string;
  /** Steps, seconds since the start, milliseconds since the epoch, or values of a metric, ascending. */
  readonly x: readonly number[];
  /** NaN and infinities are allowed: NaN is a gap, an infinity is marked at the edge. */
  readonly y: readonly number[];
  /** How many points there are in all, when these are some of them. */
  readonly total?: number;
  /** Where the smooth line is at each point, when that is known from more points than these. */
  readonly smoothed?: readonly number[];
  /** Tells several lines of one colour apart: how many dash patterns further. */
  readonly dash?: number;
  /** Its points are not joined by a line. */
  readonly points?: boolean;
}

/** How a line is smoothed: by an exponential or a running mean, or by a Gaussian kernel. */
export type Smoothing = "exponential" | "mean" | "gaussian";

export interface InfinityMark {
  readonly series: number;
  readonly x: number;
  readonly sign: 1 | -1;
}

export interface Plot {
  /** Ascending; a place at which a series has several points is there as often. */
  readonly x: number[];
  /** One column a series; null = a gap, undefined = this series has no point at that x. */
  readonly columns: (number | null | undefined)[][];
  /** One column a series with the unsmoothed values, or empty when nothing is smoothed. */
  readonly raw: (number | null | undefined)[][];
  readonly marks: InfinityMark[];
}

const finite = (v: number | undefined): number | null => (v !== undefined && Number.isFinite(v) ? v : null);

/** A line of more points than this is smoothed as one of so many, so that smoothing is still seen. */
const UNITS = 1000;

/** What counts as one step of a line for smoothing: the same for a few of its points as for all of them. */
function unitOf(x: readonly number[], total: number): number {
  const span = (x[x.length - 1] ?? 0) - (x[0] ?? 0);
  const units = Math.min(total, UNITS) - 1;
  return units > 0 && span > 0 ? span / units : 1;
}

/**
 * Exponential mean weighted by distance in x, so that sparse stretches are not smoothed as hard as dense
 * ones; debiased at the start.
 */
function exponential(x: readonly number[], y: readonly number[], weight: number, unit: number): number[] {
  let mean = 0;
  let mass = 0;
  let lastX: number | null = null;
  const smoothed = [...y];
  for (let from = 0; from < y.length; ) {
    const here = x[from] ?? 0;
    let to = from;
    let sum = 0;
    let count = 0;
    // What is at one place counts as one.
    for (; to < y.length && (x[to] ?? 0) === here; to += 1) {
      const value = y[to] ?? Number.NaN;
      if (!Number.isFinite(value)) continue;
      sum += value;
      count += 1;
    }
    if (count > 0) {
      const steps = lastX === null ? 1 : Math.max((here - lastX) / unit, 1e-9);
      const keep = weight ** steps;
      mean = mean * keep + (sum / count) * (1 - keep);
      mass = mass * keep + (1 - keep);
      lastX = here;
      for (let i = from; i < to; i += 1) if (Number.isFinite(y[i])) smoothed[i] = mean / mass;
    }
    from = to;
  }
  return smoothed;
}

/** For each point the mean of all within `reach` of it, weighed by how far away they are as a share of it. */
function kernel(
  x: readonly number[],
  y: readonly number[],
  reach: number,
  weights: readonly number[],
): number[] {
  const last = weights.length - 1;
  let from = 0;
  return y.map((value, i) => {
    if (!Number.isFinite(value)) return value;
    const here = x[i] ?? 0;
    while (here - (x[from] ?? 0) > reach) from += 1;
    let sum = 0;
    let mass = 0;
    for (let j = from; j < x.length; j += 1) {
      const apart = Math.abs((x[j] ?? 0) - here);
      if (apart > reach) break;
      const other = y[j] ?? Number.NaN;
      if (!Number.isFinite(other)) continue;
      const weight = weights[Math.round((apart / reach) * last)] ?? 0;
      sum += other * weight;
      mass += weight;
    }
    return sum / mass;
  });
}

/** So many deviations of a Gaussian are looked at to either side. */
const DEVIATIONS = 3;
const GAUSSIAN = Array.from({ length: 301 }, (_, i) => Math.exp(-(((i / 300) * DEVIATIONS) ** 2) / 2));

/**
 * A smoothed line; `weight` (0 to 0.99) is that of the exponential mean, and the others smooth as much: they
 * have the same width in points. 0 leaves the data as it is. Gaps stay gaps.
 */
export function smooth(
  x: readonly number[],
  y: readonly number[],
  weight: number,
  kind: Smoothing = "exponential",
  total: number = x.length,
): number[] {
  if (weight <= 0) return [...y];
  const unit = unitOf(x, Math.max(total, x.length));
  if (kind === "exponential") return exponential(x, y, weight, unit);
  const width = ((1 + weight) / (1 - weight)) * unit;
  if (kind === "mean") return kernel(x, y, width / 2, [1]);
  return kernel(x, y, (width / Math.sqrt(12)) * DEVIATIONS, GAUSSIAN);
}

/** Of each point, how many before it are at the same place. */
function nthOf({ x }: Series): number[] {
  let nth = 0;
  return x.map((v, i) => {
    nth = i > 0 && v === x[i - 1] ? nth + 1 : 0;
    return nth;
  });
}

export function plot(
  series: readonly Series[],
  smoothing = 0,
  log = false,
  kind: Smoothing = "exponential",
): Plot {
  const nths = new Map(series.map((s) => [s, nthOf(s)] as const));
  const often = new Map<number, number>();
  for (const [s, nth] of nths) {
    s.x.forEach((v, i) => {
      const count = (nth[i] ?? 0) + 1;
      if (Number.isFinite(v) && count > (often.get(v) ?? 0)) often.set(v, count);
    });
  }
  const x: number[] = [];
  const at = new Map<number, number>();
  for (const v of [...often.keys()].sort((a, b) => a - b)) {
    at.set(v, x.length);
    for (let n = often.get(v) ?? 0; n > 0; n -= 1) x.push(v);
  }
  const marks: InfinityMark[] = [];
  // A logarithmic axis has no place for zero and below: they are gaps there.
  const placed = (v: number | undefined) => {
    const f = finite(v);
    return log && f !== null && f <= 0 ? null : f;
  };
  const column = (s: Series, values: readonly number[]) => {
    const out = new Array<number | null | undefined>(x.length).fill(undefined);
    s.x.forEach((v, i) => {
      const index = at.get(v);
      if (index !== undefined) out[index + (nths.get(s)?.[i] ?? 0)] = placed(values[i]);
    });
    return out;
  };
  series.forEach((s, index) => {
    s.y.forEach((v, i) => {
      if (v === Infinity || v === -Infinity) {
        marks.push({ series: index, x: s.x[i] ?? 0, sign: v > 0 ? 1 : -1 });
      }
    });
  });
  return {
    x,
    columns: series.map((s) =>
      column(s, smoothing > 0 && s.smoothed ? s.smoothed : smooth(s.x, s.y, smoothing, kind, s.total)),
    ),
    raw: smoothing > 0 ? series.map((s) => column(s, s.y)) : [],
    marks,
  };
}

export interface TableRow {
  readonly x: number;
  /** How many rows before it have the same x. */
  readonly nth: number;
  readonly values: readonly (number | undefined)[];
}

/** Every point as it was logged: what the table alternative and the keyboard cursor read. */
export function tableOf(series: readonly Series[]): TableRow[] {
  const rows = new Map<number, (number | undefined)[][]>();
  series.forEach((s, index) => {
    const nths = nthOf(s);
    s.x.forEach((x, i) => {
      const here = rows.get(x) ?? [];
      rows.set(x, here);
      const nth = nths[i] ?? 0;
      here[nth] ??= new Array<number | undefined>(series.length).fill(undefined);
      here[nth][index] = s.y[i];
    });
  });
  return [...rows.entries()]
    .sort((a, b) => a[0] - b[0])
    .flatMap(([x, all]) => all.map((values, nth) => ({ x, nth, values })));
}

/** Index of the row nearest to `x`, or -1 without rows. */
export function nearest(rows: readonly { readonly x: number }[], x: number): number {
  let low = 0;
  let high = rows.length - 1;
  if (high < 0) return -1;
  while (high - low > 1) {
    const mid = (low + high) >> 1;
    if ((rows[mid]?.x ?? 0) <= x) low = mid;
    else high = mid;
  }
  const a = rows[low]?.x ?? 0;
  const b = rows[high]?.x ?? 0;
  return Math.abs(x - a) <= Math.abs(b - x) ? low : high;
}

/**
 * Room for a line that still grows: the end of the axis moves only at 1, 1.25, 1.5, 2, 2.5, … times
 * a power of ten, so that the points already drawn stay where they are between two steps.
 */
export function roomyEnd(start: number, last: number): number {
  const span = last - start;
  if (!(span > 0)) return start + 1;
  const power = 10 ** Math.floor(Math.log10(span));
  for (const m of [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]) {
    if (m * power >= span * 1.02) return start + m * power;
  }
  return start + 12.5 * power;
}

/** A value as a person reads it in a narrow column: 4 significant figures (`2.5e−4`), ∞ and NaN as they are. */
export function shortValue(v: number | undefined, locale: string): string {
  if (v === undefined) return "–";
  if (Number.isNaN(v)) return "NaN";
  if (v === Infinity) return "∞";
  if (v === -Infinity) return "−∞";
  const size = Math.abs(v);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [front = "", power = ""] = v.toExponential(3).split("e");
    return `${numberFormat(locale, { maximumSignificantDigits: 4 }).format(Number(front))}e${power.replace("+", "").replace("-", "−")}`;
  }
  return numberFormat(
    locale,
    Number.isInteger(v) ? {} : { maximumSignificantDigits: size >= 1e3 ? 6 : 4 },
  ).format(v);
}

/** Values travel as MLflow writes them: a number, or "NaN", "Infinity", "-Infinity". */
export function fromWire(v: number | string | null | undefined): number {
  if (typeof v === "number") return v;
  if (v === "Infinity" || v === "inf") return Infinity;
  if (v === "-Infinity" || v === "-inf") return -Infinity;
  return Number.NaN;
}
