import { useState } from "react";
import type { DeploymentDetail, DeploymentRow } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  Banner,
  Button,
  ConfirmDialog,
  Dialog,
  ErrorBanner,
  LinkButton,
  Loading,
  Select,
  toast,
} from "../../shared/components";
import { formatTime } from "../../shared/format";
import { t } from "../../shared/i18n";
import { modelPath } from "../models/ModelsPage";
import styles from "./deployments.module.css";

const closing = (onClose: () => void) => (open: boolean) => {
  if (!open) onClose();
};

export function StopDialog({ row, onClose }: { row: DeploymentRow | null; onClose: () => void }) {
  const stop = useMutationCommand("deployment_stop");
  return (
    <ConfirmDialog
      title={t("deployments.stopTitle", { name: row?.name ?? "" })}
      isOpen={row !== null}
      onOpenChange={closing(onClose)}
      confirmLabel={t("deployments.stop")}
      danger
      onConfirm={async () => {
        if (row) await stop.mutateAsync({ id: row.id });
      }}
    >
      <p>{t("deployments.stopLead", { endpoint: row?.endpoint ?? "" })}</p>
    </ConfirmDialog>
  );
}

export function DeleteDialog(props: {
  row: DeploymentRow | null;
  revisions: number | null;
  onClose: () => void;
  onDeleted?: () => void;
}) {
  const remove = useMutationCommand("deployment_delete");
  const { row } = props;
  const detail = useQueryCommand(
    "deployment_get",
    { id: row?.id ?? "" },
    { enabled: row !== null && props.revisions === null },
  );
  const n = props.revisions ?? detail.data?.revisions.length ?? 1;
  return (
    <ConfirmDialog
      title={t("deployments.deleteTitle", { name: row?.name ?? "" })}
      isOpen={row !== null}
      onOpenChange={closing(props.onClose)}
      confirmLabel={t("deployments.delete")}
      danger
      typeName={row?.name ?? ""}
      onConfirm={async () => {
        if (!row) return;
        await remove.mutateAsync({ id: row.id, confirm_name: row.name });
        toast({ title: t("deployments.deletedToast", { name: row.name }) });
        props.onDeleted?.();
      }}
    >
      <p>
        {t("deployments.deleteLead", {
          endpoint: row?.endpoint ?? "",
          n: t("deployments.revisions", { n }),
          machine: row?.machine ?? "",
        })}
      </p>
    </ConfirmDialog>
  );
}

export function RollbackDialog(props: { detail: DeploymentDetail; isOpen: boolean; onClose: () => void }) {
  const rollback = useMutationCommand("deployment_rollback");
  const { detail } = props;
  const target = detail.revisions.find((r) => r.revision === detail.rollback_to);
  return (
    <ConfirmDialog
      title={t("deployments.rollbackTitle", { name: detail.row.name })}
      isOpen={props.isOpen}
      onOpenChange={closing(props.onClose)}
      confirmLabel={t("deployments.rollback")}
      onConfirm={() => rollback.mutateAsync({ id: detail.row.id })}
    >
      <p>{t("deployments.rollbackLead", { n: target?.revision ?? 0, version: target?.version ?? 0 })}</p>
    </ConfirmDialog>
  );
}

export function UpdateDialog({ detail, onClose }: { detail: DeploymentDetail; onClose: () => void }) {
  const { row } = detail;
  const model = useQueryCommand("model_get", { name: row.model });
  const machines = useQueryCommand("machines_list", null);
  const update = useMutationCommand("deployment_update");
  const [chosen, setChosen] = useState<string | null>(null);
  const containers = machines.data?.find((m) => m.id === row.machine_id)?.engine?.kind !== "process";
  const version = model.data?.versions.find((v) => String(v.version) === chosen);
  const needsImage = containers && version !== undefined && version.image === null;
  return (
    <Dialog
      title={t("deployments.updateTitle", { name: row.name })}
      isOpen
      onOpenChange={closing(onClose)}
      size="small"
      actions={
        <>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
          <Button
            variant="primary"
            isDisabled={!version || needsImage}
            isPending={update.isPending}
            onPress={async () => {
              if (!version) return;
              try {
                await update.mutateAsync({ id: row.id, version: version.version });
                onClose();
              } catch {
                // The banner says it.
              }
            }}
          >
            {t("deployments.updateAct", { n: version?.version ?? "…" })}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        <p className="quiet">{t("deployments.updateLead")}</p>
        {update.error && <ErrorBanner error={update.error} />}
        <Loading query={model} rows={2}>
          {(data) => (
            <Select
              label={t("deployments.form.version")}
              value={chosen}
              onChange={setChosen}
              options={data.versions
                .filter((v) => v.version !== row.live_version)
                .map((v) => ({
                  value: String(v.version),
                  label: t("models.version", { n: v.version }),
                  detail: [
                    ...v.aliases.map((a) => `@${a}`),
                    formatTime(v.created_at),
                    containers && v.image === null ? t("deployments.form.noImage") : "",
                  ]
                    .filter(Boolean)
                    .join(" · "),
                }))}
            />
          )}
        </Loading>
        {needsImage && version && (
          <Banner
            kind="notice"
            title={t("deployments.form.needsImage", { machine: row.machine, n: version.version })}
            actions={
              <LinkButton size="small" to={modelPath(row.model, version.version)}>
                {t("deployments.form.toVersion")}
              </LinkButton>
            }
          />
        )}
      </div>
    </Dialog>
  );
}
