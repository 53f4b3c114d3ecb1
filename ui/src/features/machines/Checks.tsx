import { CircleCheck, CircleDashed, CircleX, LoaderCircle, RotateCw, TriangleAlert } from "lucide-react";
import type { Check, CheckId, CheckState } from "../../bindings/api";
import { Button, CopyLine } from "../../shared/components";
import { formatDuration } from "../../shared/format";
import { t } from "../../shared/i18n";
import styles from "./Checks.module.css";
import { checkWords } from "./findings";

const ICONS: Record<CheckState, typeof CircleCheck> = {
  waiting: CircleDashed,
  running: LoaderCircle,
  ok: CircleCheck,
  warning: TriangleAlert,
  failed: CircleX,
};

/** The preflight checks as they come in: found, time used, and where it fails, cause, remedy and *Check again*. */
export function Checks(props: {
  checks: readonly Check[];
  /** Runs one check again; absent where that is not possible. */
  onAgain?: (id: CheckId) => void;
  isBusy?: boolean;
}) {
  return (
    <ul className={styles.list} aria-live="polite">
      {props.checks.map((check) => (
        <CheckRow key={check.id} check={check} {...props} />
      ))}
    </ul>
  );
}

function CheckRow(props: { check: Check; onAgain?: (id: CheckId) => void; isBusy?: boolean }) {
  const { check } = props;
  const Icon = ICONS[check.state];
  const words = checkWords(check);
  const troubled = check.state === "failed" || check.state === "warning";
  return (
    <li className={styles.check} data-state={check.state}>
      <Icon size={15} aria-hidden />
      <span>
        {t(`check.${check.id}`)}
        <span className="visually-hidden">: {t(`check.state.${check.state}`)}</span>
        {check.state === "failed" && check.required ? (
          <span className="quiet"> ({t("check.required")})</span>
        ) : null}
      </span>
      <span className={styles.value}>
        {words.value ?? (check.state === "running" ? t("check.state.running") : "")}
      </span>
      <span className={styles.time}>
        {check.ms !== null
          ? formatDuration(check.ms)
          : check.state === "running"
            ? t("check.limit", { time: formatDuration(check.limit_ms) })
            : ""}
      </span>
      {troubled ? (
        <div className={styles.trouble}>
          {words.cause ? <p className={styles.cause}>{words.cause}</p> : null}
          {words.remedy ? <p className={styles.remedy}>{words.remedy}</p> : null}
          {check.command ? <CopyLine text={check.command} /> : null}
          {props.onAgain ? (
            <div>
              <Button
                size="small"
                icon={<RotateCw size={14} aria-hidden />}
                isDisabled={props.isBusy ?? false}
                aria-label={`${t("machines.checkAgain")}: ${t(`check.${check.id}`)}`}
                onPress={() => props.onAgain?.(check.id)}
              >
                {t("machines.checkAgain")}
              </Button>
            </div>
          ) : null}
        </div>
      ) : null}
    </li>
  );
}
