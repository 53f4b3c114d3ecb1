import { expect, it } from "vitest";
import type { ChartSeries, RunRow } from "../../bindings/api";
import { RUNS } from "../../fixtures/runs";
import { timeLeft } from "./timeLeft";

const START = 1_000_000;

function run(params: Record<string, string>, part: Partial<RunRow> = {}): RunRow {
  return {
    ...(RUNS[0] as RunRow),
    stale: false,
    phase: "running",
    status: "RUNNING",
    params: Object.entries(params).map(([key, value]) => ({ key, value })),
    ...part,
  };
}

function steps(count: number, ms: number): ChartSeries {
  const at = Array.from({ length: count }, (_, i) => i);
  return {
    key: "loss",
    steps: at,
    times: at.map((i) => START + i * ms),
    values: at,
    infinities: [],
    total: count,
    thinned: false,
    over: null,
    smoothed: null,
  };
}

it("goes on at the pace of the last steps to the step that a param names", () => {
  const series = steps(21, 1000);
  const now = START + 20_000;
  expect(timeLeft(run({ epochs: "100" }), series, now)).toEqual({
    ms: 80_000,
    param: "epochs",
    step: 20,
    goal: 100,
  });
  expect(timeLeft(run({ lr: "0.1", max_steps: "30" }), series, now + 4000)?.ms).toBe(6000);
});

it("says nothing where it is not knowable", () => {
  const series = steps(21, 1000);
  const now = START + 20_000;
  const nothing = [
    timeLeft(run({ lr: "0.1" }), series, now),
    // Two goals: of which are these the steps?
    timeLeft(run({ epochs: "3", max_steps: "900" }), series, now),
    // Steps beyond the goal count something else.
    timeLeft(run({ epochs: "10" }), series, now),
    timeLeft(run({ epochs: "many" }), series, now),
    // Too few points, or none at all.
    timeLeft(run({ epochs: "100" }), steps(3, 60_000), START + 120_000),
    timeLeft(run({ epochs: "100" }), undefined, now),
    // Later than its own pace.
    timeLeft(run({ epochs: "22" }), series, now + 60_000),
    timeLeft(run({ epochs: "100" }, { stale: true }), series, now),
    timeLeft(run({ epochs: "100" }, { phase: "finished", status: "FINISHED" }), series, now),
  ];
  expect(nothing).toEqual(nothing.map(() => null));
});
