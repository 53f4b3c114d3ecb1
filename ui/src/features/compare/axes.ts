// What runs can be placed by: metrics, and params as numbers where all values are numbers.
import type { Comparison } from "../../bindings/api";
import { shortValue } from "../../shared/charts";
import { currentLocale } from "../../shared/i18n";
import { metricValue } from "../runs/values";

export interface Axis {
  /** `params.lr`, `metrics.loss` */
  readonly id: string;
  readonly label: string;
  /** One for each run; null where it has no value that can be placed. */
  readonly places: readonly (number | null)[];
  /** What stands at the places 0, 1, 2, … when the values are words. */
  readonly words: readonly string[] | null;
  readonly differs: boolean;
}

/** More words than this have no room on an axis. */
const WORDS = 30;

export function axesOf(data: Comparison): Axis[] {
  const metrics = data.metrics.map(({ key, values }): Axis => {
    const places = values.map((value) => {
      const number = metricValue(value ?? undefined);
      return number !== undefined && Number.isFinite(number) ? number : null;
    });
    return { id: `metrics.${key}`, label: key, places, words: null, differs: new Set(places).size > 1 };
  });
  const params = data.facts
    .filter((fact) => fact.group === "param")
    .flatMap(({ key, values, differs }): Axis[] => {
      const id = `params.${key}`;
      const numbers = values.map((v) => (v === null || v.trim() === "" ? null : Number(v)));
      if (numbers.every((n) => n === null || Number.isFinite(n)))
        return [{ id, label: key, places: numbers, words: null, differs }];
      const words = [...new Set(values.filter((v): v is string => v !== null))].sort();
      if (words.length > WORDS) return [];
      const places = values.map((v) => (v === null ? null : words.indexOf(v)));
      return [{ id, label: key, places, words, differs }];
    });
  return [...params, ...metrics].filter((axis) => axis.places.some((place) => place !== null));
}

export function axisText(axis: Axis, value: number | null): string {
  if (value === null) return "–";
  return axis.words?.[value] ?? shortValue(value, currentLocale());
}

export interface Scale {
  /** Between 0 and 1; null for what has no place. */
  readonly at: (value: number | null) => number | null;
  readonly ticks: readonly { readonly value: number; readonly at: number }[];
}

/** Values that go over two powers of ten and more, as learning rates do, stand apart on a log scale only. */
export function wantsLog(axis: Axis): boolean {
  const values = axis.places.filter((v): v is number => v !== null);
  const low = Math.min(...values);
  return axis.words === null && low > 0 && Math.max(...values) / low >= 100;
}

/** The next 1, 2 or 5 times a power of ten that is not below. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((m) => m * power >= least * 0.999) ?? 10) * power;
}

/**
 * Where values stand on an axis with about so many `steps`: from end to end exactly, or with `room`, between
 * round values with nothing on the edge.
 */
export function scaleOf(axis: Axis, steps = 4, room = false): Scale {
  const log = wantsLog(axis);
  const put = (v: number) => (log ? Math.log10(v) : v);
  const values = axis.places.filter((v): v is number => v !== null).map(put);
  let low = axis.words ? 0 : Math.min(...values);
  let high = axis.words ? axis.words.length - 1 : Math.max(...values);
  const step = high > low ? roundStep((high - low) / steps) : 1;
  if (room && high > low) {
    const by = (high - low) * 0.04;
    const between = axis.words !== null || log;
    low = between ? low - by : Math.floor((low - by / 4) / step) * step;
    high = between ? high + by : Math.ceil((high + by / 4) / step) * step;
  }
  const part = (v: number) => (high > low ? (v - low) / (high - low) : 0.5);
  const at = (value: number | null) => (value === null ? null : part(put(value)));
  const ticked = (all: readonly number[]) => all.map((value) => ({ value, at: part(put(value)) }));
  if (axis.words) {
    const every = Math.ceil(axis.words.length / Math.max(8, steps * 2));
    return { at, ticks: ticked([...axis.words.keys()].filter((i) => i % every === 0)) };
  }
  if (log) {
    const powers = Array.from(
      { length: Math.floor(high) - Math.ceil(low) + 1 },
      (_, i) => 10 ** (Math.ceil(low) + i),
    );
    if (powers.length * 3 > steps) return { at, ticks: ticked(powers) };
    const between = powers.flatMap((power) => [power / 5, power / 2, power, power * 2, power * 5]);
    const inside = [...new Set(between.map((v) => Number(v.toPrecision(6))))];
    return { at, ticks: ticked(inside.filter((v) => put(v) >= low && put(v) <= high)) };
  }
  if (room && high > low) {
    const count = Math.round((high - low) / step);
    return {
      at,
      ticks: ticked(Array.from({ length: count + 1 }, (_, i) => Number((low + i * step).toPrecision(12)))),
    };
  }
  const parts = high > low ? Array.from({ length: steps + 1 }, (_, i) => i / steps) : [0.5];
  return {
    at,
    ticks: parts.map((far) => {
      const value = high > low ? low + (high - low) * far : low;
      // Ends are exact; what stands between them is rounded to what can be told apart.
      return { value: far === 0 || far === 1 ? value : Number(value.toPrecision(3)), at: far };
    }),
  };
}

/** The place of each run on a scale of color, 0 to 1; null where it has no value. */
export function shadesOf(axis: Axis): readonly (number | null)[] {
  const { at } = scaleOf(axis);
  return axis.places.map(at);
}
