import { useMemo } from "react";
import type { ChosenRun, ReportRuns, RunRow } from "../../bindings/api";
import { ErrorBanner, Link, LoadingShape } from "../../shared/components";
import { t } from "../../shared/i18n";
import { type Column, DataTable } from "../../shared/table";
import { columnsOf } from "../runs/columns";
import { columnNumber } from "../runs/metricColumns";
import type { Table } from "./content";
import { moreOf, NoRuns, useReportRuns } from "./ReportChart";
import styles from "./reports.module.css";

/** A run that is there, or one that was. */
type Shown = { id: string; row: RunRow; gone: null } | { id: string; row: null; gone: ChosenRun };

const NAME = "attributes.run_name";

function Name({ shown }: { shown: Shown }) {
  if (shown.row === null) {
    return (
      <span className={styles.gone} title={shown.gone.name}>
        <bdi>{shown.gone.name}</bdi> <span>{t("reports.goneRun")}</span>
      </span>
    );
  }
  return (
    <span title={shown.row.name}>
      <Link to={`/runs/${shown.id}`}>
        <bdi>{shown.row.name}</bdi>
      </Link>
      {shown.row.stage === "deleted" && <span className="quiet"> {t("reports.inBin")}</span>}
    </span>
  );
}

/** The columns of the table of runs, over runs that may be gone. */
function columnsOver(ids: readonly string[]): Column<Shown>[] {
  return columnsOf(ids).map((column): Column<Shown> => {
    const { cell, plain, title, sort, text, unsorted, ...rest } = column;
    const base = { ...rest, text: (s: Shown) => (s.row ? text(s.row) : (s.gone?.name ?? "")) };
    if (column.id === NAME) return { ...base, cell: (s) => <Name shown={s} />, width: 240 } as Column<Shown>;
    return {
      ...base,
      text: (s) => (s.row ? text(s.row) : ""),
      cell: (s) => (s.row ? (cell?.(s.row) ?? text(s.row)) : "–"),
      plain: plain || !cell,
      ...(title ? { title: (s: Shown) => (s.row ? title(s.row) : "") } : {}),
      ...(sort ? { sort: (s: Shown) => (s.row ? sort(s.row) : null) } : {}),
      // All rows are here, with all their values.
      ...(unsorted ? { sort: (s: Shown) => (s.row ? columnNumber(s.row, column.id) : null) } : {}),
      ...(sort === null && !unsorted ? { sort: null } : {}),
    } as Column<Shown>;
  });
}

export function ReportTable({ body, runs }: { body: Table; runs: ReportRuns }) {
  const set = useReportRuns(runs, body.columns);
  const columns = useMemo(() => columnsOver(body.columns), [body.columns]);
  const rows = useMemo<Shown[]>(
    () => [
      ...(set.data?.rows ?? []).map((row): Shown => ({ id: row.id, row, gone: null })),
      ...(set.data?.gone ?? []).map((gone): Shown => ({ id: gone.id, row: null, gone })),
    ],
    [set.data],
  );
  if (set.error && !set.data) {
    return (
      <ErrorBanner
        error={set.error}
        {...(body.title ? { title: body.title } : {})}
        onRetry={() => void set.refetch()}
      />
    );
  }
  if (!set.data) return <LoadingShape rows={4} />;
  // Those that are gone have rows.
  const notes = moreOf(set.data);
  return (
    <div className={styles.table}>
      {body.title && <h3 className={styles.partTitle}>{body.title}</h3>}
      {rows.length === 0 ? (
        <NoRuns runs={runs} set={set.data} />
      ) : (
        <div className={styles.rows} data-many={rows.length > 15 || undefined}>
          <DataTable
            id="report"
            label={body.title || t("reports.table")}
            rows={rows}
            rowKey={(shown) => shown.id}
            columns={columns}
            noun={(n) => t("runs.count", { n })}
            {...(rows.length > 15 ? {} : { height: "content" as const })}
          />
        </div>
      )}
      {notes.length > 0 && <p className="quiet">{notes.join(" · ")}</p>}
    </div>
  );
}
