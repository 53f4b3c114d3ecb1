import type { ChartSeries, RunRow } from "../../bindings/api";
import { useQueryCommand } from "../../shared/backend";
import { phaseOf } from "./status";

/** Params by which scripts say how far they will go, in the unit of their metrics' steps. */
const GOALS = /^(?:(?:n|num|max|total)_?)?(?:train_?)?(?:epochs|steps|iterations|iters|iter)$/i;
/** Below this a pace is a guess. */
const LEAST_POINTS = 5;
const LEAST_MS = 5_000;

/** The metric that says most in a small line: a loss, otherwise the first one. */
export function tellingMetric(row: RunRow): string | null {
  const keys = row.metrics.map((metric) => metric.key).filter((key) => !key.startsWith("system/"));
  return keys.find((key) => /loss/i.test(key)) ?? keys[0] ?? null;
}

export interface TimeLeft {
  ms: number;
  /** What it is drawn from: the param and the step. */
  param: string;
  step: number;
  goal: number;
}

/**
 * How long a run still goes, where it is knowable: one param names the last step, the metric's steps lie
 * below it and come at a pace. Otherwise null: nothing is better than a guess.
 */
export function timeLeft(row: RunRow, series: ChartSeries | undefined, now: number): TimeLeft | null {
  if (row.stale || phaseOf(row) !== "running" || !series) return null;
  const goals = row.params.filter((param) => GOALS.test(param.key) && /^\d{1,12}$/.test(param.value));
  const [goal] = goals;
  if (!goal || goals.length > 1) return null;
  const last = Number(goal.value);
  const { steps, times } = series;
  // The second half of what is known: the first steps of a training are often the slowest.
  const from = Math.floor(steps.length / 2);
  const [step, at, fromStep, fromAt] = [steps.at(-1), times.at(-1), steps[from], times[from]];
  if (step === undefined || at === undefined || fromStep === undefined || fromAt === undefined) return null;
  if (steps.length < LEAST_POINTS || step >= last || step <= fromStep || at - fromAt < LEAST_MS) return null;
  const pace = (at - fromAt) / (step - fromStep);
  const ms = (last - step) * pace - (now - at);
  // It is late by its own pace: not knowable any more.
  return ms > 0 ? { ms, param: goal.key, step, goal: last } : null;
}

/** The small chart of a run, for its sparkline and its time left. */
export function useSmallChart(row: RunRow): { key: string | null; series: ChartSeries | undefined } {
  const key = tellingMetric(row);
  const chart = useQueryCommand(
    "run_chart",
    {
      run_id: row.id,
      keys: key ? [key] : [],
      max_points: 40,
      from_step: null,
      to_step: null,
      over: null,
      smoothed: null,
    },
    { enabled: key !== null && phaseOf(row) === "running", keepPrevious: true },
  );
  return { key, series: chart.data?.[0] };
}
