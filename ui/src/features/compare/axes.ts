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

export function scaleOf(axis: Axis, steps = 4): Scale {
  const log = wantsLog(axis);
  const put = (v: number) => (log ? Math.log10(v) : v);
  const values = axis.places.filter((v): v is number => v !== null).map(put);
  const low = axis.words ? 0 : Math.min(...values);
  const high = axis.words ? axis.words.length - 1 : Math.max(...values);
  const part = (v: number) => (high > low ? (v - low) / (high - low) : 0.5);
  const at = (value: number | null) => (value === null ? null : part(put(value)));
  if (axis.words) {
    const every = Math.ceil(axis.words.length / 8);
    const all = axis.words.map((_, i) => ({ value: i, at: part(i) }));
    return { at, ticks: all.filter((_, i) => i % every === 0) };
  }
  if (log) {
    const powers = Array.from(
      { length: Math.floor(high) - Math.ceil(low) + 1 },
      (_, i) => Math.ceil(low) + i,
    );
    return { at, ticks: powers.map((power) => ({ value: 10 ** power, at: part(power) })) };
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
