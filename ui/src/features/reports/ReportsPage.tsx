import { useSearch } from "@tanstack/react-router";
import { FileText, Plus, Search } from "lucide-react";
import { useMemo, useState } from "react";
import type { ReportRow } from "../../bindings/api";
import { useBackend, useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  ConfirmDialog,
  EmptyState,
  ErrorBanner,
  LinkButton,
  Page,
  Time,
  toast,
  useGo,
} from "../../shared/components";
import { formatTime } from "../../shared/format";
import { t } from "../../shared/i18n";
import { type Column, DataTable } from "../../shared/table";
import styles from "./reports.module.css";

const NONE: readonly ReportRow[] = [];
const NEW = "/reports/new";

export function ReportsPage() {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const text = search.q === undefined ? "" : String(search.q);
  const go = useGo();
  const backend = useBackend();
  const query = useQueryCommand("reports_list", null);
  const save = useMutationCommand("report_save");
  const [deleting, setDeleting] = useState<ReportRow | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const rows = useMemo(() => {
    const wanted = text.trim().toLocaleLowerCase();
    return query.data?.filter((row) => row.title.toLocaleLowerCase().includes(wanted)) ?? NONE;
  }, [query.data, text]);
  const columns = useMemo<Column<ReportRow>[]>(
    () => [
      {
        id: "title",
        header: t("reports.col.title"),
        text: (r) => r.title,
        cell: (r) => <bdi title={r.title}>{r.title}</bdi>,
        width: 420,
      },
      {
        id: "blocks",
        header: t("reports.col.blocks"),
        text: (r) => String(r.blocks),
        sort: (r) => r.blocks,
        width: 80,
        align: "end",
      },
      {
        id: "changed",
        header: t("reports.col.changed"),
        text: (r) => formatTime(r.updated_at),
        cell: (r) => <Time at={r.updated_at} relative />,
        sort: (r) => r.updated_at,
        width: 140,
      },
      { id: "by", header: t("reports.col.by"), text: (r) => r.updated_by, width: 140 },
      {
        id: "made",
        header: t("reports.col.made"),
        text: (r) => formatTime(r.created_at),
        cell: (r) => <Time at={r.created_at} relative />,
        sort: (r) => r.created_at,
        width: 140,
      },
    ],
    [],
  );
  const duplicate = async (row: ReportRow) => {
    setFailure(null);
    try {
      const { content } = await backend.call("report_get", { id: row.id });
      const title = t("reports.copyOf", { title: content.title }).slice(0, 100);
      const copy = await save.mutateAsync({ id: "", revision: 0, content: { ...content, title } });
      toast({
        title: t("reports.duplicated", { title }),
        action: { label: t("reports.open"), onAction: () => go(`/reports/${copy.id}`) },
      });
    } catch (error) {
      setFailure(error);
    }
  };
  const newReport = (
    <LinkButton to={NEW} variant="primary" icon={<Plus size={16} />}>
      {t("reports.new")}
    </LinkButton>
  );
  const empty =
    text !== "" ? (
      <EmptyState icon={Search} title={t("reports.noMatch")} />
    ) : (
      <EmptyState
        icon={FileText}
        title={t("reports.emptyTitle")}
        lead={t("reports.emptyLead")}
        actions={newReport}
      />
    );
  const error = failure ?? query.error;
  return (
    <Page title={t("reports.title")} fill actions={newReport}>
      <div className={styles.toolbar}>
        <span className={styles.search}>
          <Search size={14} aria-hidden />
          <input
            type="search"
            aria-label={t("reports.search")}
            placeholder={t("reports.search")}
            value={text}
            onChange={(e) =>
              go(e.target.value ? `/reports?q=${encodeURIComponent(e.target.value)}` : "/reports", {
                replace: true,
              })
            }
          />
        </span>
      </div>
      {error ? (
        <div className={styles.banner}>
          <ErrorBanner error={error} onRetry={() => (failure ? setFailure(null) : void query.refetch())} />
        </div>
      ) : null}
      <div className={styles.list}>
        <DataTable
          id="reports"
          label={t("reports.title")}
          rows={rows}
          rowKey={(r) => r.id}
          columns={columns}
          sort={{ id: "changed", desc: true }}
          onActive={(id) => id && go(`/reports/${id}`)}
          onOpen={(r) => go(`/reports/${r.id}`)}
          loading={query.isPending}
          noun={(n) => t("reports.count", { n })}
          actions={(r) => [
            { id: "open", label: t("reports.open"), onAction: () => go(`/reports/${r.id}`) },
            { id: "edit", label: t("reports.edit"), onAction: () => go(`/reports/${r.id}?edit=1`) },
            { id: "copy", label: t("reports.duplicate"), onAction: () => void duplicate(r) },
            { id: "delete", label: t("reports.delete"), danger: true, onAction: () => setDeleting(r) },
          ]}
          empty={query.error ? null : empty}
        />
      </div>
      <DeleteReport report={deleting} onClose={() => setDeleting(null)} />
    </Page>
  );
}

export function DeleteReport(props: {
  report: Pick<ReportRow, "id" | "title"> | null;
  onClose: () => void;
  onDeleted?: () => void;
}) {
  const { report } = props;
  const remove = useMutationCommand("report_delete");
  return (
    <ConfirmDialog
      title={t("reports.deleteTitle", { title: report?.title ?? "" })}
      isOpen={report !== null}
      onOpenChange={(open) => !open && props.onClose()}
      confirmLabel={t("reports.delete")}
      danger
      onConfirm={async () => {
        if (!report) return;
        await remove.mutateAsync({ id: report.id });
        toast({ title: t("reports.deleted", { title: report.title }) });
        props.onDeleted?.();
      }}
    >
      <p>{t("reports.deleteLead")}</p>
    </ConfirmDialog>
  );
}
