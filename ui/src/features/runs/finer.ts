// A stretch of a chart in finer points than the whole of it.
import type { ChartSeries } from "../../bindings/api";
import type { XKind, Zoom } from "../../shared/charts";

/** The steps of a stretch of an axis, or null where there is no point near it. */
export function stepsIn(
  chart: ChartSeries,
  axis: XKind,
  start: number,
  [from, to]: Zoom,
): readonly [number, number] | null {
  if (axis === "step") return [Math.floor(from), Math.ceil(to)];
  const at = (x: number) => (axis === "time" ? x : start + x * 1000);
  const inside = chart.times.map((time) => time >= at(from) && time <= at(to));
  // One point more to either side: what lies between it and the stretch belongs to it too.
  const first = inside.indexOf(true);
  const after = chart.times.findIndex((time) => time > at(to));
  const low = first >= 0 ? first - 1 : after - 1;
  const high = first >= 0 ? inside.lastIndexOf(true) + 1 : after;
  const least = chart.steps[Math.max(0, low)];
  const most = chart.steps[high < 0 ? chart.steps.length - 1 : Math.min(high, chart.steps.length - 1)];
  return least === undefined || most === undefined ? null : [Math.min(least, most), Math.max(least, most)];
}

/** A chart with the finer points of a stretch in place of its own there. */
export function refined(whole: ChartSeries, stretch: ChartSeries | undefined): ChartSeries {
  const places = whole.over?.xs ?? whole.steps;
  const finer = stretch?.over?.xs ?? stretch?.steps;
  const from = finer?.[0];
  const to = finer?.at(-1);
  if (!stretch || from === undefined || to === undefined) return whole;
  const before = places.findIndex((place) => place >= from);
  const lead = before < 0 ? places.length : before;
  const behind = places.findIndex((place) => place > to);
  const tail = behind < 0 ? places.length : behind;
  const join = <T>(a: readonly T[], b: readonly T[]): T[] => [...a.slice(0, lead), ...b, ...a.slice(tail)];
  const moved = lead + stretch.steps.length - tail;
  return {
    ...whole,
    steps: join(whole.steps, stretch.steps),
    times: join(whole.times, stretch.times),
    values: join(whole.values, stretch.values),
    smoothed: whole.smoothed && stretch.smoothed && join(whole.smoothed, stretch.smoothed),
    infinities: [
      ...whole.infinities.filter(({ index }) => index < lead),
      ...stretch.infinities.map(({ index, positive }) => ({ index: index + lead, positive })),
      ...whole.infinities
        .filter(({ index }) => index >= tail)
        .map(({ index, positive }) => ({ index: index + moved, positive })),
    ],
    thinned: stretch.thinned,
    over: whole.over && { ...whole.over, xs: join(whole.over.xs, stretch.over?.xs ?? []) },
  };
}
