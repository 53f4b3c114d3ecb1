import { useEffect, useRef, useState } from "react";
import type { Operation } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import { Banner, Button, CopyLine, ErrorBanner, Progress } from "../../shared/components";
import { formatBytes } from "../../shared/format";
import { t } from "../../shared/i18n";
import styles from "./runs.module.css";

/** What of the run's files is being saved, and how it ended while the page was open. */
export function FileSaves({ runId }: { runId: string }) {
  const operations = useQueryCommand("operations_list", null);
  // What had ended before is no news; the activity list has it.
  const before = useRef<ReadonlySet<string> | null>(null);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const saves = (operations.data ?? []).filter(
    (one) => one.kind === "save_files" && one.subject.startsWith(`${runId}/`),
  );
  if (operations.data && before.current === null)
    before.current = new Set(saves.filter((one) => one.ended_at !== null).map((one) => one.id));
  const shown = saves.filter((one) => !before.current?.has(one.id) && !closed.has(one.id));
  const newest = shown.find((one) => one.ended_at !== null);
  const whole = useRef<HTMLElement>(null);
  const hasFocus = useRef(false);
  // A button that is gone leaves the focus here, not at the top of the page.
  useEffect(() => {
    if (hasFocus.current && !whole.current?.contains(document.activeElement)) whole.current?.focus();
  });
  return (
    <section
      ref={whole}
      className={styles.saves}
      data-any={shown.length > 0 || undefined}
      aria-label={t("runs.files.saves")}
      tabIndex={-1}
      onFocus={() => {
        hasFocus.current = true;
      }}
      onBlur={() => {
        hasFocus.current = false;
      }}
    >
      <p className="visually-hidden" role="status">
        {newest ? outcome(newest, nameOf(newest, runId)) : ""}
      </p>
      {shown.map((one) => (
        <FileSave
          key={one.id}
          operation={one}
          name={nameOf(one, runId)}
          onClose={() => setClosed(new Set([...closed, one.id]))}
        />
      ))}
    </section>
  );
}

/** How a save ended, for who hears it; a failure speaks for itself. */
function outcome(operation: Operation, name: string): string {
  if (operation.state === "done") return t("runs.files.saved", { name });
  return operation.state === "cancelled" ? t("runs.files.saveCancelled", { name }) : "";
}

function nameOf(operation: Operation, runId: string): string {
  return (
    operation.subject
      .slice(runId.length + 1)
      .split("/")
      .pop() || t("runs.files.root")
  );
}

function FileSave(props: { operation: Operation; name: string; onClose: () => void }) {
  const { operation, name } = props;
  const close = (
    <Button size="small" onPress={props.onClose} aria-label={t("runs.files.saveClose", { name })}>
      {t("common.close")}
    </Button>
  );
  switch (operation.state) {
    case "done":
      return (
        <Banner kind="good" title={outcome(operation, name)} actions={close}>
          <CopyLine text={operation.saved?.path ?? ""} />
        </Banner>
      );
    case "failed":
      return (
        <ErrorBanner title={t("runs.files.saveFailed", { name })} error={operation.problem} actions={close} />
      );
    case "cancelled":
      return <Banner kind="plain" title={outcome(operation, name)} actions={close} />;
    default:
      return <Saving operation={operation} name={name} />;
  }
}

function Saving({ operation, name }: { operation: Operation; name: string }) {
  const cancel = useMutationCommand("operation_cancel");
  const [step] = operation.steps;
  return (
    <div className={styles.saving}>
      <Progress
        label={t("runs.files.saving", { name })}
        done={step?.done ?? 0}
        total={step?.total ?? null}
        format={formatBytes}
        since={operation.started_at}
        onCancel={() => cancel.mutate({ id: operation.id })}
        cancelLabel={t("runs.files.saveCancel", { name })}
      />
      {cancel.error && <ErrorBanner error={cancel.error} />}
    </div>
  );
}
