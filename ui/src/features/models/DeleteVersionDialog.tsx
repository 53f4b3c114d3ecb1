import { useMutationCommand } from "../../shared/backend";
import { ConfirmDialog } from "../../shared/components";
import { t } from "../../shared/i18n";

export function DeleteVersionDialog(props: {
  version: { name: string; version: number } | null;
  onClose: () => void;
  onDeleted?: () => void;
}) {
  const remove = useMutationCommand("version_delete");
  const { version } = props;
  return (
    <ConfirmDialog
      title={t("models.deleteVersionTitle", { n: version?.version ?? 0, name: version?.name ?? "" })}
      isOpen={version !== null}
      onOpenChange={(open) => {
        if (!open) props.onClose();
      }}
      confirmLabel={t("models.deleteVersion")}
      danger
      typeName={`${version?.name ?? ""}/${version?.version ?? ""}`}
      onConfirm={async () => {
        if (!version) return;
        await remove.mutateAsync({ name: version.name, version: version.version });
        props.onDeleted?.();
      }}
    >
      <p>{t("models.deleteVersionLead")}</p>
    </ConfirmDialog>
  );
}
