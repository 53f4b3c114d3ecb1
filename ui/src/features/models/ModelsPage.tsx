import { useSearch } from "@tanstack/react-router";
import { Boxes, Search } from "lucide-react";
import { useMemo, useState } from "react";
import type { ModelRow } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  ConfirmDialog,
  EmptyState,
  ErrorBanner,
  LinkButton,
  Page,
  StatusWord,
  Time,
  useGo,
} from "../../shared/components";
import { formatTime } from "../../shared/format";
import { t } from "../../shared/i18n";
import { type Column, DataTable } from "../../shared/table";
import { AliasChip, TagChips } from "./Chips";
import styles from "./models.module.css";

export const modelPath = (name: string, version?: number) =>
  `/models/${encodeURIComponent(name)}${version === undefined ? "" : `/${version}`}`;

export function ModelsPage() {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const text = search.q === undefined ? "" : String(search.q);
  const go = useGo();
  const query = useQueryCommand("models_list", { text }, { keepPrevious: true });
  const [deleting, setDeleting] = useState<ModelRow | null>(null);
  const columns = useMemo<Column<ModelRow>[]>(
    () => [
      { id: "name", header: t("models.col.name"), text: (r) => r.name, width: 176 },
      {
        id: "latest",
        header: t("models.col.latest"),
        text: (r) => String(r.latest_version ?? ""),
        sort: (r) => r.latest_version,
        width: 72,
        align: "end",
      },
      {
        id: "versions",
        header: t("models.col.versions"),
        text: (r) => String(r.versions),
        sort: (r) => r.versions,
        width: 88,
        align: "end",
      },
      {
        id: "aliases",
        header: t("models.col.aliases"),
        text: (r) => r.aliases.map((a) => `${a.alias} ${a.version}`).join(", "),
        cell: (r) => (
          <span className={styles.tags}>
            {r.aliases.map((a) => (
              <AliasChip key={a.alias} alias={a.alias} version={a.version} locked={a.protected} />
            ))}
          </span>
        ),
        width: 308,
      },
      {
        id: "approval",
        header: t("approvals.title"),
        text: (r) => (r.waiting > 0 ? t("approvals.waiting", { n: r.waiting }) : ""),
        cell: (r) =>
          r.waiting > 0 ? (
            <StatusWord kind="notice" label={t("approvals.waiting", { n: r.waiting })} />
          ) : (
            <span className="quiet">–</span>
          ),
        sort: (r) => r.waiting,
        width: 200,
      },
      {
        id: "deployments",
        header: t("models.col.deployments"),
        text: (r) => String(r.deployments),
        sort: (r) => r.deployments,
        width: 116,
        align: "end",
      },
      {
        id: "updated",
        header: t("models.col.updated"),
        text: (r) => formatTime(r.updated_at),
        cell: (r) => <Time at={r.updated_at} relative />,
        sort: (r) => r.updated_at,
        width: 100,
      },
      {
        id: "tags",
        header: t("models.col.tags"),
        text: (r) => r.tags.map((x) => `${x.key}=${x.value}`).join(", "),
        cell: (r) => <TagChips tags={r.tags} />,
        width: 208,
      },
    ],
    [],
  );
  return (
    <Page title={t("models.title")} fill>
      <div className={styles.toolbar}>
        <span className={styles.search}>
          <Search size={14} aria-hidden />
          <input
            type="search"
            aria-label={t("models.search")}
            placeholder={t("models.search")}
            value={text}
            onChange={(e) =>
              go(e.target.value ? `/models?q=${encodeURIComponent(e.target.value)}` : "/models", {
                replace: true,
              })
            }
          />
        </span>
      </div>
      {query.error && (
        <div className={styles.banner}>
          <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />
        </div>
      )}
      <div className={styles.list}>
        <DataTable
          id="models"
          label={t("models.title")}
          rows={query.data ?? []}
          rowKey={(r) => r.name}
          columns={columns}
          sort={{ id: "updated", desc: true }}
          onOpen={(r) => go(modelPath(r.name))}
          loading={query.isPending}
          noun={(n) => t("models.count", { n })}
          actions={(r) => [
            { id: "open", label: t("models.open"), onAction: () => go(modelPath(r.name)) },
            ...(r.latest_version !== null
              ? [
                  {
                    id: "deploy",
                    label: t("models.deploy"),
                    onAction: () =>
                      go(`/deployments/new?model=${encodeURIComponent(r.name)}&version=${r.latest_version}`),
                  },
                ]
              : []),
            { id: "delete", label: t("models.delete"), danger: true, onAction: () => setDeleting(r) },
          ]}
          empty={
            query.error ? null : text !== "" ? (
              <EmptyState icon={Search} title={t("models.noMatch")} />
            ) : (
              <EmptyState
                icon={Boxes}
                title={t("models.emptyTitle")}
                lead={t("models.emptyLead")}
                actions={<LinkButton to="/runs">{t("models.toRuns")}</LinkButton>}
              />
            )
          }
        />
      </div>
      <DeleteModelDialog model={deleting} onClose={() => setDeleting(null)} />
    </Page>
  );
}

export function DeleteModelDialog(props: {
  model: ModelRow | null;
  onClose: () => void;
  onDeleted?: () => void;
}) {
  const remove = useMutationCommand("model_delete");
  const { model } = props;
  return (
    <ConfirmDialog
      title={t("models.deleteTitle", { name: model?.name ?? "" })}
      isOpen={model !== null}
      onOpenChange={(open) => {
        if (!open) props.onClose();
      }}
      confirmLabel={t("models.delete")}
      danger
      typeName={model?.name ?? ""}
      onConfirm={async () => {
        if (!model) return;
        await remove.mutateAsync({ name: model.name });
        props.onDeleted?.();
      }}
    >
      <p>{t("models.deleteLead", { versions: t("models.versionCount", { n: model?.versions ?? 0 }) })}</p>
    </ConfirmDialog>
  );
}
