import type { SmoothedLines } from "../../bindings/api";
import type { Smoothing, XKind } from "../../shared/charts";
import { useRested } from "./useRested";

/**
 * What is asked for so that lines are smoothed from every point of theirs. While a hand is on the slider
 * (`rests` is false) and until the answer is there, they are smoothed from the points that are.
 */
export function useSmoothedLines(weight: number, kind: Smoothing, x: XKind) {
  const rested = useRested(weight);
  const smoothed: SmoothedLines | null =
    rested > 0 ? { smoothing: { kind, weight: rested }, by_time: x === "time" || x === "relative" } : null;
  return { smoothed, rests: rested === weight };
}
