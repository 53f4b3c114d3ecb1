import type { ChartSeries } from "../../bindings/api";
import { t } from "../../shared/i18n";

/** What is to be said of a metric's points over another metric. */
export function overNotes({ over, total }: ChartSeries, metric: string): string[] {
  if (!over || over.pairs === 0) return [];
  return [
    ...(over.pairs < total ? [t("charts.over.some", { n: over.pairs, total, metric })] : []),
    ...(over.unplaced > 0 ? [t("charts.over.unplaced", { n: over.unplaced, metric })] : []),
    ...(over.steady ? [] : [t("charts.over.unsteady", { metric })]),
  ];
}
