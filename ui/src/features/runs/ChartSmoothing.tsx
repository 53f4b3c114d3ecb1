import { Slider, SliderThumb, SliderTrack } from "react-aria-components";
import type { Smoothing } from "../../shared/charts";
import { Segmented } from "../../shared/components";
import { numberFormat } from "../../shared/format/intl";
import { currentLocale, t } from "../../shared/i18n";
import styles from "./runs.module.css";

const TWO = { minimumFractionDigits: 2, maximumFractionDigits: 2 } as const;
const SMOOTHINGS: readonly Smoothing[] = ["exponential", "mean", "gaussian"];

/** How much charts of metrics are smoothed, from 0 to 0.99, and in which way. */
export function ChartSmoothing(props: {
  amount: number;
  onAmount: (amount: number) => void;
  kind: Smoothing;
  onKind: (kind: Smoothing) => void;
}) {
  return (
    <>
      <SmoothingAmount amount={props.amount} onAmount={props.onAmount} />
      {props.amount > 0 && (
        <Segmented
          label={t("runs.smoothingKind")}
          value={props.kind}
          onChange={props.onKind}
          options={SMOOTHINGS.map((value) => ({ value, label: t(`runs.smoothing.${value}`) }))}
        />
      )}
    </>
  );
}

/** How much lines are smoothed, from 0 to 0.99. */
function SmoothingAmount(props: { amount: number; onAmount: (amount: number) => void }) {
  return (
    <Slider
      className={styles.slider ?? ""}
      aria-label={t("runs.smoothing")}
      minValue={0}
      maxValue={0.99}
      step={0.01}
      value={props.amount}
      onChange={(v) => props.onAmount(Array.isArray(v) ? (v[0] ?? 0) : v)}
    >
      <span aria-hidden>{t("runs.smoothing")}</span>
      <SliderTrack className={styles.track ?? ""}>
        <SliderThumb className={styles.thumb ?? ""} />
      </SliderTrack>
      <output className={styles.num}>{numberFormat(currentLocale(), TWO).format(props.amount)}</output>
    </Slider>
  );
}
