import { Plus, Rocket } from "lucide-react";
import { useMemo, useState } from "react";
import type { DeploymentRow } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import { EmptyState, ErrorBanner, Link, LinkButton, Page, Time, useGo } from "../../shared/components";
import { formatTime } from "../../shared/format";
import { t } from "../../shared/i18n";
import { type Column, DataTable } from "../../shared/table";
import { Digest } from "../models/Chips";
import { modelPath } from "../models/ModelsPage";
import { DeleteDialog, StopDialog } from "./dialogs";
import styles from "./deployments.module.css";
import { DeploymentStatus, stateWord } from "./status";

export function DeploymentsPage() {
  const go = useGo();
  const query = useQueryCommand("deployments_list", null);
  const start = useMutationCommand("deployment_start");
  const [stopping, setStopping] = useState<DeploymentRow | null>(null);
  const [deleting, setDeleting] = useState<DeploymentRow | null>(null);
  const columns = useMemo<Column<DeploymentRow>[]>(
    () => [
      { id: "name", header: t("deployments.col.name"), text: (r) => r.name, width: 160 },
      {
        id: "state",
        header: t("deployments.col.state"),
        text: (r) => (r.stale ? `${t("deployments.unreachable")}, ` : "") + stateWord(r.state),
        cell: (r) => <DeploymentStatus row={r} />,
        width: 180,
      },
      {
        id: "serving",
        header: t("deployments.serving"),
        text: (r) => `${r.model} ${r.live_version ?? r.version}`,
        cell: (r) => (
          <>
            <Link to={modelPath(r.model, r.live_version ?? r.version)}>
              {r.model} {r.live_version ?? ""}
            </Link>
            {r.live_version !== r.version && (
              <span className="quiet">{t("deployments.wanted", { wanted: r.version })}</span>
            )}
          </>
        ),
        width: 168,
      },
      { id: "machine", header: t("deployments.col.machine"), text: (r) => r.machine, width: 112 },
      {
        id: "endpoint",
        header: t("deployments.col.endpoint"),
        text: (r) => r.endpoint,
        width: 176,
        mono: true,
      },
      {
        id: "check",
        header: t("deployments.col.check"),
        text: (r) => (r.last_check_at === null ? "" : formatTime(r.last_check_at)),
        cell: (r) =>
          r.last_check_at === null ? (
            <span className="quiet">{t("deployments.neverChecked")}</span>
          ) : (
            <Time at={r.last_check_at} relative />
          ),
        sort: (r) => r.last_check_at,
        width: 132,
      },
      {
        id: "digest",
        header: t("deployments.col.digest"),
        text: (r) => r.image_digest ?? "",
        cell: (r) =>
          r.image_digest ? (
            <Digest digest={r.image_digest} />
          ) : (
            <span className="quiet">{t("deployments.process")}</span>
          ),
        width: 112,
      },
    ],
    [],
  );
  return (
    <Page
      title={t("deployments.title")}
      fill
      actions={
        <LinkButton to="/deployments/new" variant="primary" icon={<Plus size={16} />}>
          {t("deployments.new")}
        </LinkButton>
      }
    >
      {(query.error ?? start.error) && (
        <div className={styles.banner}>
          <ErrorBanner error={query.error ?? start.error} onRetry={() => void query.refetch()} />
        </div>
      )}
      <div className={styles.list}>
        <DataTable
          id="deployments"
          label={t("deployments.title")}
          rows={query.data ?? []}
          rowKey={(r) => r.id}
          columns={columns}
          sort={{ id: "name", desc: false }}
          onOpen={(r) => go(`/deployments/${r.id}`)}
          loading={query.isPending}
          noun={(n) => t("deployments.count", { n })}
          actions={(r) => [
            { id: "open", label: t("deployments.open"), onAction: () => go(`/deployments/${r.id}`) },
            r.state === "stopped" || r.state === "failed"
              ? { id: "start", label: t("deployments.start"), onAction: () => start.mutate({ id: r.id }) }
              : { id: "stop", label: t("deployments.stop"), onAction: () => setStopping(r) },
            { id: "delete", label: t("deployments.delete"), danger: true, onAction: () => setDeleting(r) },
          ]}
          empty={
            query.error ? null : (
              <EmptyState
                icon={Rocket}
                title={t("deployments.emptyTitle")}
                lead={t("deployments.emptyLead")}
                actions={<LinkButton to="/models">{t("deployments.toModels")}</LinkButton>}
              />
            )
          }
        />
      </div>
      <StopDialog row={stopping} onClose={() => setStopping(null)} />
      <DeleteDialog row={deleting} revisions={null} onClose={() => setDeleting(null)} />
    </Page>
  );
}
