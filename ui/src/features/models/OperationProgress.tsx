import { CircleCheck, CircleDashed, CircleX, LoaderCircle } from "lucide-react";
import type { OperationStep } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import { Banner, Button, CopyLine, ErrorBanner, LinkButton, Loading } from "../../shared/components";
import { formatBytes } from "../../shared/format";
import { t } from "../../shared/i18n";
import styles from "./models.module.css";

const ICONS = {
  waiting: CircleDashed,
  running: LoaderCircle,
  done: CircleCheck,
  failed: CircleX,
  cancelled: CircleDashed,
};

export function OperationProgress(props: {
  id: string;
  name: string;
  version: number;
  onClose: () => void;
  onAgain: () => void;
}) {
  const query = useQueryCommand("operation_get", { id: props.id }, { keepPrevious: true });
  const cancel = useMutationCommand("operation_cancel");
  return (
    <Loading query={query} rows={4}>
      {(operation) => {
        const going = operation.state === "running" || operation.state === "waiting";
        return (
          <div className={styles.form}>
            <ol className={styles.steps} aria-label={t("models.pack.steps")}>
              {operation.steps.map((step) => (
                <Step key={step.id} step={step} />
              ))}
            </ol>
            {cancel.error && <ErrorBanner error={cancel.error} />}
            {operation.state === "failed" && (
              <ErrorBanner title={t("models.pack.failed")} error={operation.problem} />
            )}
            {operation.state === "cancelled" && <Banner kind="notice" title={t("models.pack.cancelled")} />}
            {operation.image && (
              <Banner kind="good" title={t("models.pack.result")}>
                <p className={styles.mono}>{operation.image.reference}</p>
                <CopyLine text={operation.image.digest} label={t("models.digest")} />
              </Banner>
            )}
            <div className={styles.buttons}>
              {going && (
                <Button isPending={cancel.isPending} onPress={() => cancel.mutate({ id: props.id })}>
                  {t("common.cancel")}
                </Button>
              )}
              {(operation.state === "failed" || operation.state === "cancelled") && (
                <Button onPress={props.onAgain}>{t("common.retry")}</Button>
              )}
              <Button onPress={props.onClose}>{going ? t("models.pack.close") : t("common.close")}</Button>
              {operation.state === "done" && (
                <LinkButton
                  variant="primary"
                  to={`/deployments/new?model=${encodeURIComponent(props.name)}&version=${props.version}`}
                >
                  {t("models.deploy")}
                </LinkButton>
              )}
            </div>
          </div>
        );
      }}
    </Loading>
  );
}

function Step({ step }: { step: OperationStep }) {
  const Icon = ICONS[step.state];
  const label = t(`operation.step.${step.id}`);
  const share = step.total && step.total > 0 ? Math.min(1, step.done / step.total) : null;
  const amount =
    step.state === "waiting"
      ? ""
      : step.total !== null && step.state === "running"
        ? `${formatBytes(step.done)} / ${formatBytes(step.total)}`
        : step.done > 0
          ? formatBytes(step.done)
          : "";
  return (
    <li data-state={step.state}>
      <Icon size={16} aria-hidden />
      <span>{label}</span>
      <span className={styles.amount}>{amount}</span>
      <span className={styles.stepState}>{t(`models.pack.state.${step.state}`)}</span>
      <span
        className={styles.bar}
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={step.state === "done" ? 100 : Math.round((share ?? 0) * 100)}
      >
        <span style={{ width: `${step.state === "done" ? 100 : (share ?? 0) * 100}%` }} />
      </span>
    </li>
  );
}
