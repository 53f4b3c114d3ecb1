import { describe, expect, it } from "vitest";
import type { ChartSeries } from "../../bindings/api";
import { refined, stepsIn } from "./finer";

const chart = (steps: number[], thinned: boolean, infinite: number[] = []): ChartSeries => ({
  key: "loss",
  steps,
  times: steps.map((step) => 1_000_000 + step * 100),
  values: steps.map((step) => (infinite.includes(step) ? null : step)),
  infinities: infinite.map((step) => ({ index: steps.indexOf(step), positive: true })),
  total: 100,
  thinned,
  over: null,
  smoothed: null,
});
const whole = chart([0, 20, 40, 60, 80], true, [20, 80]);

describe("a stretch that is zoomed to", () => {
  it("is asked for by steps on every axis, with a point to either side of it", () => {
    expect(stepsIn(whole, "step", 0, [21.4, 39.2])).toEqual([21, 40]);
    expect(stepsIn(whole, "time", 0, [1_003_900, 1_006_100])).toEqual([20, 80]);
    expect(stepsIn(whole, "relative", 1_000_000, [3.9, 6.1])).toEqual([20, 80]);
    expect(stepsIn(whole, "time", 0, [1_002_500, 1_003_000])).toEqual([20, 40]);
    expect(stepsIn(chart([], false), "time", 0, [1, 2])).toBeNull();
  });

  it("takes the place of the coarse points there, infinities with it", () => {
    const finer = refined(whole, chart([35, 40, 45], false, [45]));
    expect(finer.steps).toEqual([0, 20, 35, 40, 45, 60, 80]);
    expect(finer.values).toEqual([0, null, 35, 40, null, 60, null]);
    expect(finer.infinities.map(({ index }) => finer.steps[index])).toEqual([20, 45, 80]);
    expect(finer).toMatchObject({ thinned: false, total: 100 });
    const over = (xs: number[]) => ({ xs, pairs: 100, unplaced: 0, steady: true });
    const along = { ...chart([0, 1, 2, 3], true), over: over([0.1, 0.2, 0.2, 0.9]) };
    const part = { ...chart([1, 5, 6], false), over: over([0.15, 0.2, 0.3]) };
    expect(refined(along, part)).toMatchObject({
      steps: [0, 1, 5, 6, 3],
      over: over([0.1, 0.15, 0.2, 0.3, 0.9]),
    });
    const smooth = { ...whole, smoothed: [5, 5, 5, 5, 5] };
    const part40 = { ...chart([35, 40, 45], false), smoothed: [6, 6, 6] };
    expect(refined(smooth, part40).smoothed).toEqual([5, 5, 6, 6, 6, 5, 5]);
    expect(refined(whole, undefined)).toBe(whole);
    expect(refined(whole, chart([], false))).toBe(whole);
  });
});
