import { useState } from "react";
import type { ChartAxis } from "../../bindings/api";
import type { XKind } from "../../shared/charts";
import { Segmented, Select, Switch } from "../../shared/components";
import { t } from "../../shared/i18n";
import styles from "./runs.module.css";

/** What every chart can be drawn over. */
export const TIMES = ["step", "relative", "time"] as const satisfies readonly XKind[];
export const ALL = [...TIMES, "metric"] as const satisfies readonly XKind[];
const words = (kind: XKind) => t(kind === "metric" ? "charts.x.metric" : `runs.x.${kind}`);

/** What charts of metrics are drawn over, and whether values stand on a logarithmic axis. */
export function ChartScales<X extends XKind>(props: {
  kinds: readonly X[];
  x: X;
  onX: (x: X) => void;
  log: boolean;
  onLog: (log: boolean) => void;
  /** The metric on the axis, where there is one to choose. */
  over?: { key: string; keys: readonly string[]; onKey: (key: string) => void } | null;
}) {
  const { over } = props;
  return (
    <>
      <Segmented
        label={t("runs.xAxis")}
        value={props.x}
        onChange={props.onX}
        options={props.kinds.map((value) => ({ value, label: words(value) }))}
      />
      {over && (
        <div className={styles.overMetric}>
          <Select
            label={t("charts.over.which")}
            value={over.key}
            onChange={over.onKey}
            options={over.keys.map((key) => ({ value: key, label: key }))}
          />
        </div>
      )}
      <Switch isSelected={props.log} onChange={props.onLog}>
        {t("runs.logScale")}
      </Switch>
    </>
  );
}

/** Of the metrics that count how far a run has come, one is the likely axis. */
export const likelyAxis = (keys: readonly string[]): string | undefined =>
  keys.find((key) => /(^|[/_])(epochs?|samples|tokens)$/i.test(key)) ?? keys[0];

/** What the charts of a page are drawn over: steps, time, or one of its metrics. */
export function useChartScales(keys: readonly string[]) {
  const [kind, setKind] = useState<XKind>("step");
  const [log, setLog] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const metric = chosen !== null && keys.includes(chosen) ? chosen : likelyAxis(keys);
  const several = keys.length > 1 && metric !== undefined;
  const over = kind === "metric" && several ? metric : null;
  const axis: ChartAxis | null = over === null ? null : { key: over, from: null, to: null };
  return {
    x: over === null && kind === "metric" ? ("step" as const) : kind,
    over,
    /** For the commands that read charts. */
    axis,
    log,
    scales: {
      kinds: several ? ALL : TIMES,
      x: over === null && kind === "metric" ? "step" : kind,
      onX: setKind,
      log,
      onLog: setLog,
      over: over === null ? null : { key: over, keys, onKey: setChosen },
    } as Parameters<typeof ChartScales<XKind>>[0],
  };
}
