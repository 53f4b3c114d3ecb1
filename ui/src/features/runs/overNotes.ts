import type { ChartSeries } from "../../bindings/api";
import { t } from "../../shared/i18n";

/** What is to be said of lines over another metric, of those together that have a place on it. */
export function overNotesOfLines(lines: readonly ChartSeries[], metric: string): string[] {
  const over = lines.filter((line) => line.over !== null);
  const placed = over.filter((line) => line.over?.pairs !== 0);
  const n = over.length - placed.length;
  if (n > 0 && placed.length === 0) return [t("charts.over.none", { metric })];
  const sum = (of: (line: ChartSeries) => number) => placed.reduce((all, line) => all + of(line), 0);
  const pairs = sum((line) => line.over?.pairs ?? 0);
  const total = sum((line) => line.total);
  const unplaced = sum((line) => line.over?.unplaced ?? 0);
  return [
    ...(n > 0 ? [t("charts.over.lines", { n, total: over.length, metric })] : []),
    ...(pairs < total ? [t("charts.over.some", { n: pairs, total, metric })] : []),
    ...(unplaced > 0 ? [t("charts.over.unplaced", { n: unplaced, metric })] : []),
    ...(placed.every((line) => line.over?.steady) ? [] : [t("charts.over.unsteady", { metric })]),
  ];
}

/** What is to be said of a metric's points over another metric. */
export function overNotes({ over, total }: ChartSeries, metric: string): string[] {
  if (!over || over.pairs === 0) return [];
  return [
    ...(over.pairs < total ? [t("charts.over.some", { n: over.pairs, total, metric })] : []),
    ...(over.unplaced > 0 ? [t("charts.over.unplaced", { n: over.unplaced, metric })] : []),
    ...(over.steady ? [] : [t("charts.over.unsteady", { metric })]),
  ];
}
