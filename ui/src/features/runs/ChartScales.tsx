import type { XKind } from "../../shared/charts";
import { Segmented, Switch } from "../../shared/components";
import { t } from "../../shared/i18n";

/** What charts of metrics are drawn over, and whether values stand on a logarithmic axis. */
export function ChartScales(props: {
  x: XKind;
  onX: (x: XKind) => void;
  log: boolean;
  onLog: (log: boolean) => void;
}) {
  return (
    <>
      <Segmented
        label={t("runs.xAxis")}
        value={props.x}
        onChange={props.onX}
        options={[
          { value: "step", label: t("runs.x.step") },
          { value: "relative", label: t("runs.x.relative") },
          { value: "time", label: t("runs.x.time") },
        ]}
      />
      <Switch isSelected={props.log} onChange={props.onLog}>
        {t("runs.logScale")}
      </Switch>
    </>
  );
}
