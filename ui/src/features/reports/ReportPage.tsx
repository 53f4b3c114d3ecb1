import { useParams, useSearch } from "@tanstack/react-router";
import { FileX, Pencil } from "lucide-react";
import { useState } from "react";
import type { Report } from "../../bindings/api";
import { asErrorBody, useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  ActionsMenu,
  EmptyState,
  ErrorBanner,
  LinkButton,
  LoadingShape,
  Page,
  Time,
  toast,
  useGo,
} from "../../shared/components";
import { t } from "../../shared/i18n";
import { Blocks } from "./Blocks";
import { NO_RUNS, newContent, titleOfNew } from "./content";
import { Editor } from "./Editor";
import { ExportButton, FigureMenu, useExport } from "./ExportReport";
import { DeleteReport } from "./ReportsPage";
import styles from "./reports.module.css";

const CRUMBS = () => [{ label: t("reports.title"), to: "/reports" }];

export function ReportPage() {
  const { reportId } = useParams({ strict: false }) as { reportId: string };
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const isNew = reportId === "new";
  const query = useQueryCommand("report_get", { id: reportId }, { enabled: !isNew });
  const [opened, setOpened] = useState<Report | null>(null);
  const gone = query.error !== null && asErrorBody(query.error).code === "not_found";
  const editing = isNew || search.edit !== undefined;
  // What is being edited stays as it was opened, whatever happens elsewhere.
  if (editing && !isNew && query.data && opened?.id !== reportId) setOpened(query.data);
  if (!editing && opened !== null) setOpened(null);

  if (isNew) return <NewReport />;
  if (editing && opened) {
    const theirs = query.data && query.data.revision !== opened.revision ? query.data : null;
    return <Editor key={opened.id} base={opened} theirs={theirs} gone={gone} onBase={setOpened} />;
  }
  if (query.data && !gone) return <Read report={query.data} error={query.error} />;
  return (
    <Page title={t("reports.title")} breadcrumbs={CRUMBS()}>
      {gone ? (
        <EmptyState
          icon={FileX}
          title={t("reports.goneTitle")}
          lead={t("reports.goneLead")}
          actions={<LinkButton to="/reports">{t("reports.toAll")}</LinkButton>}
        />
      ) : query.error ? (
        <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <LoadingShape rows={8} />
      )}
    </Page>
  );
}

function NewReport() {
  const [base] = useState(() => ({
    id: "",
    revision: 0,
    content: newContent(titleOfNew(), NO_RUNS, []),
  }));
  return <Editor base={base} theirs={null} gone={false} onBase={() => {}} />;
}

function Read({ report, error }: { report: Report; error: unknown }) {
  const { id, content } = report;
  const go = useGo();
  const save = useMutationCommand("report_save");
  const [failure, setFailure] = useState<unknown>(null);
  const [deleting, setDeleting] = useState(false);
  const files = useExport(id, setFailure);
  const duplicate = async () => {
    setFailure(null);
    try {
      const title = t("reports.copyOf", { title: content.title }).slice(0, 100);
      const copy = await save.mutateAsync({ id: "", revision: 0, content: { ...content, title } });
      toast({ title: t("reports.duplicated", { title }) });
      go(`/reports/${copy.id}`);
    } catch (problem) {
      setFailure(problem);
    }
  };
  return (
    <Page
      title={content.title}
      breadcrumbs={CRUMBS()}
      lead={
        <span className="quiet">
          {t("reports.changedBy", { by: report.updated_by })} <Time at={report.updated_at} relative />
        </span>
      }
      actions={
        <>
          <LinkButton to={`/reports/${id}?edit=1`} icon={<Pencil size={16} />}>
            {t("reports.edit")}
          </LinkButton>
          <ExportButton pending={files.pending} onSave={() => void files.save("html")} />
          <ActionsMenu
            items={[
              { id: "copy", label: t("reports.duplicate"), onAction: () => void duplicate() },
              { id: "delete", label: t("reports.delete"), danger: true, onAction: () => setDeleting(true) },
            ]}
          />
        </>
      }
    >
      <div className={styles.read}>
        {failure || error ? <ErrorBanner error={failure ?? error} /> : null}
        <Blocks
          content={content}
          figure={(block) => (
            <FigureMenu block={block} onSave={(format, part) => void files.save(format, part)} />
          )}
        />
      </div>
      <DeleteReport
        report={deleting ? { id, title: content.title } : null}
        onClose={() => setDeleting(false)}
        onDeleted={() => go("/reports", { replace: true })}
      />
    </Page>
  );
}
