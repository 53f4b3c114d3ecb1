import { useMutationCommand } from "../../shared/backend";
import { ConfirmDialog } from "../../shared/components";
import { t } from "../../shared/i18n";

export function CancelDialog(props: { run: { id: string; name: string } | null; onClose: () => void }) {
  const cancel = useMutationCommand("run_cancel");
  const { run } = props;
  return (
    <ConfirmDialog
      title={t("runs.cancelTitle", { name: run?.name ?? "" })}
      isOpen={run !== null}
      onOpenChange={(open) => {
        if (!open) props.onClose();
      }}
      confirmLabel={t("runs.cancel")}
      danger
      onConfirm={async () => {
        if (run) await cancel.mutateAsync({ id: run.id });
      }}
    >
      <p>{t("runs.cancelLead")}</p>
    </ConfirmDialog>
  );
}
