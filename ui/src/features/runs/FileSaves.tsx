import { useRef, useState } from "react";
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
  return (
    <div className={styles.saves}>
      {shown.map((one) => (
        <FileSave
          key={one.id}
          operation={one}
          name={nameOf(one, runId)}
          onClose={() => setClosed(new Set([...closed, one.id]))}
        />
      ))}
    </div>
  );
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
    <Button size="small" onPress={props.onClose}>
      {t("common.close")}
    </Button>
  );
  switch (operation.state) {
    case "done":
      return (
        <div role="status">
          <Banner kind="good" title={t("runs.files.saved", { name })} actions={close}>
            <CopyLine text={operation.saved?.path ?? ""} />
          </Banner>
        </div>
      );
    case "failed":
      return (
        <ErrorBanner title={t("runs.files.saveFailed", { name })} error={operation.problem} actions={close} />
      );
    case "cancelled":
      return (
        <div role="status">
          <Banner kind="plain" title={t("runs.files.saveCancelled", { name })} actions={close} />
        </div>
      );
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
      />
      {cancel.error && <ErrorBanner error={cancel.error} />}
    </div>
  );
}
