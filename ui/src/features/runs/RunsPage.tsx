import { type UseQueryResult, useQueries } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { ArrowUp, FlaskConical, Plus, RotateCcw, Search, Trash2, X } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { RunPage as RunPageData, RunQuery, RunRow } from "../../bindings/api";
import { asErrorBody, useBackend, useMutationCommand, useQueryCommand } from "../../shared/backend";
import { shortValue } from "../../shared/charts";
import {
  Button,
  EmptyState,
  ErrorBanner,
  LinkButton,
  Page,
  Segmented,
  Select,
  Time,
  toast,
  useGo,
} from "../../shared/components";
import { formatDuration, formatTime, useNow } from "../../shared/format";
import { currentLocale, t } from "../../shared/i18n";
import { type Column, DataTable, type Sort } from "../../shared/table";
import { CancelDialog } from "./CancelDialog";
import { ColumnChooser, useColumnChoice } from "./ColumnChooser";
import { FilterField } from "./FilterField";
import { RunDrawer } from "./RunDrawer";
import styles from "./runs.module.css";
import { isOver, phaseOf, phaseWord, RunStatus } from "./status";
import { durationOf, filterOf, metricOf, orderOf, paramOf } from "./values";

const PAGE = 200;
const ALL = "\u0000all";
const NOTHING: {
  rows: readonly RunRow[];
  total: number;
  metricKeys: readonly string[];
  paramKeys: readonly string[];
} = { rows: [], total: 0, metricKeys: [], paramKeys: [] };

function Elapsed({ row }: { row: RunRow }) {
  const now = useNow(isOver(row) ? 3_600_000 : 1000);
  const ms = durationOf(row, now);
  return <>{ms === null ? "–" : formatDuration(ms)}</>;
}

/** Rows as they stood while the table is in use: what came since waits behind a bar. */
function useHeld(
  rows: readonly RunRow[],
  held: boolean,
): { rows: readonly RunRow[]; waiting: number; show: () => void } {
  const [known, setKnown] = useState<ReadonlySet<string> | null>(null);
  const show = useCallback(() => setKnown(null), []);
  if (!held) {
    if (known !== null) setKnown(null);
    return { rows, waiting: 0, show };
  }
  if (known === null) {
    setKnown(new Set(rows.map((r) => r.id)));
    return { rows, waiting: 0, show };
  }
  // What stands after the last row that is known was fetched by scrolling: it is not news.
  const lastKnown = rows.findLastIndex((r) => known.has(r.id));
  const shown = rows.filter((r, i) => i > lastKnown || known.has(r.id));
  return { rows: shown, waiting: rows.length - shown.length, show };
}

/** The pages as one list. A function of the module: the result stays the same object while nothing changed. */
function combine(queries: readonly UseQueryResult<RunPageData, Error>[]) {
  const seen = new Map<string, RunRow>();
  const metrics = new Set<string>();
  const params = new Set<string>();
  for (const { data } of queries) {
    for (const row of data?.rows ?? []) seen.set(row.id, row);
    for (const key of data?.metric_keys ?? []) metrics.add(key);
    for (const key of data?.param_keys ?? []) params.add(key);
  }
  const first = queries[0];
  return {
    fetched: [...seen.values()],
    metricKeys: [...metrics].sort(),
    paramKeys: [...params].sort(),
    answered: first?.data !== undefined,
    answeredTotal: first?.data?.total ?? 0,
    error: queries.find((q) => q.error)?.error ?? null,
    pending: first?.isPending ?? true,
    placeholder: first?.isPlaceholderData ?? false,
    fetching: queries.some((q) => q.isFetching),
    refetch: () => Promise.all(queries.map((q) => q.refetch())),
  };
}

export function RunsPage() {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const go = useGo();
  const backend = useBackend();
  const text = (key: string) => (search[key] === undefined ? "" : String(search[key]));
  const typed = text("q");
  const experiment = text("experiment");
  const machine = text("machine");
  const stage = search.stage === "deleted" ? "deleted" : "active";
  const active = text("run") || null;
  const [sort, setSort] = useState<Sort>({ id: "started", desc: true });
  const [pages, setPages] = useState(1);
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [inUse, setInUse] = useState(false);
  const [cancelling, setCancelling] = useState<RunRow | null>(null);
  const { filter, names } = filterOf(typed);

  const set = useCallback(
    (change: Record<string, string | null>) => {
      const next = new URLSearchParams();
      for (const [key, value] of Object.entries({
        q: typed,
        experiment,
        machine,
        stage: stage === "active" ? "" : stage,
        run: active,
        ...change,
      })) {
        if (value) next.set(key, value);
      }
      if (!("run" in change)) {
        next.delete("run");
        setPages(1);
        setSelected(new Set());
      }
      const query = next.toString();
      go(query ? `/runs?${query}` : "/runs", { replace: true });
    },
    [typed, experiment, machine, stage, active, go],
  );

  const base: Omit<RunQuery, "offset"> = {
    filter,
    order_by: orderOf(sort),
    experiment: experiment || null,
    machine_id: machine || null,
    stage,
    limit: PAGE,
  };
  const pagesRead = useQueries({
    combine,
    queries: Array.from({ length: pages }, (_, i) => {
      const args: RunQuery = { ...base, offset: i * PAGE };
      return {
        queryKey: ["runs_search", args],
        queryFn: () => backend.call("runs_search", args),
        placeholderData: (before: RunPageData | undefined) => before,
      };
    }),
  });
  const { fetched, error, answered, answeredTotal } = pagesRead;
  // Under a filter that is not understood, the rows that were there stay.
  const [good, setGood] = useState(NOTHING);
  const { metricKeys: askedMetrics, paramKeys: askedParams } = pagesRead;
  useEffect(() => {
    if (answered)
      setGood({ rows: fetched, total: answeredTotal, metricKeys: askedMetrics, paramKeys: askedParams });
  }, [answered, fetched, answeredTotal, askedMetrics, askedParams]);
  const latest = answered ? fetched : good.rows;
  const total = answered ? answeredTotal : good.total;
  const metricKeys = answered ? askedMetrics : good.metricKeys;
  const paramKeys = answered ? askedParams : good.paramKeys;
  const { rows, waiting, show } = useHeld(latest, inUse && !pagesRead.placeholder && sort.id === "started");

  const experiments = useQueryCommand("experiments_list", null);
  const machines = useQueryCommand("machines_list", null, { enabled: machine !== "" });
  const everything = useQueryCommand("runs_search", {
    ...base,
    filter: "",
    experiment: null,
    machine_id: null,
    order_by: [],
    offset: 0,
    limit: 1,
  });
  const remove = useMutationCommand("runs_delete");
  const restore = useMutationCommand("runs_restore");
  const [failure, setFailure] = useState<unknown>(null);

  const { chosen, setChosen } = useColumnChoice(metricKeys);

  const doRestore = async (ids: string[]) => {
    setFailure(null);
    try {
      await restore.mutateAsync({ run_ids: ids });
      setSelected(new Set());
      toast({ title: t("runs.restoredToast", { n: ids.length }) });
    } catch (e) {
      setFailure(e);
    }
  };
  const doDelete = async (ids: string[]) => {
    setFailure(null);
    try {
      await remove.mutateAsync({ run_ids: ids });
      setSelected(new Set());
      if (active && ids.includes(active)) set({ run: null });
      toast({
        title: t("runs.deletedToast", { n: ids.length }),
        action: { label: t("runs.undo"), onAction: () => void doRestore(ids) },
      });
    } catch (e) {
      setFailure(e);
    }
  };

  const columns = useMemo<Column<RunRow>[]>(
    () => [
      {
        id: "name",
        header: t("runs.col.name"),
        text: (r) => r.name,
        cell: (r) => <span title={r.name}>{r.name}</span>,
        width: 176,
      },
      {
        id: "status",
        header: t("runs.col.status"),
        text: (r) =>
          (r.stale && !isOver(r) ? `${t("runs.status.unreachable")}, ` : "") + phaseWord(phaseOf(r)),
        cell: (r) => <RunStatus row={r} />,
        width: 152,
      },
      {
        id: "experiment",
        header: t("runs.col.experiment"),
        text: (r) => r.experiment,
        sort: null,
        width: 128,
      },
      { id: "machine", header: t("runs.col.machine"), text: (r) => r.machine ?? "–", sort: null, width: 116 },
      {
        id: "started",
        header: t("runs.col.started"),
        text: (r) => (r.started_at === null ? t("runs.notStarted") : formatTime(r.started_at)),
        cell: (r) =>
          r.started_at === null ? (
            <span className="quiet">{t("runs.notStarted")}</span>
          ) : (
            <Time at={r.started_at} relative />
          ),
        width: 124,
      },
      {
        id: "duration",
        header: t("runs.col.duration"),
        text: (r) => {
          const ms = durationOf(r, Date.now());
          return ms === null ? "" : formatDuration(ms);
        },
        cell: (r) => <Elapsed row={r} />,
        sort: null,
        width: 100,
        align: "end",
      },
      ...chosen.map((id): Column<RunRow> => {
        const key = id.slice(2);
        if (id.startsWith("m:")) {
          return {
            id,
            header: key,
            text: (r) => String(metricOf(r, key) ?? ""),
            cell: (r) => (
              <span title={String(metricOf(r, key) ?? "")}>
                {shortValue(metricOf(r, key), currentLocale())}
              </span>
            ),
            width: 96,
            align: "end",
          };
        }
        return { id, header: key, text: (r) => paramOf(r, key) ?? "", width: 120, mono: true };
      }),
    ],
    [chosen],
  );

  const activeRow = rows.find((r) => r.id === active) ?? null;
  const filterError = error && asErrorBody(error).code === "invalid" ? asErrorBody(error) : null;
  const narrowed = filter !== "" || experiment !== "" || machine !== "";
  const chosenRows = rows.filter((r) => selected.has(r.id));

  const empty = filterError ? (
    <EmptyState icon={Search} title={t("runs.filterNotRead")} lead={t("runs.filterNotReadLead")} />
  ) : narrowed ? (
    <EmptyState
      icon={Search}
      title={t("runs.noMatchTitle")}
      lead={t("runs.noMatchLead", { total: t("runs.count", { n: everything.data?.total ?? 0 }) })}
      actions={
        <Button onPress={() => set({ q: null, experiment: null, machine: null })}>
          {t("runs.clearFilter")}
        </Button>
      }
    />
  ) : stage === "deleted" ? (
    <EmptyState icon={Trash2} title={t("runs.noDeletedTitle")} lead={t("runs.noDeletedLead")} />
  ) : (
    <EmptyState
      icon={FlaskConical}
      title={t("runs.emptyTitle")}
      lead={t("runs.emptyLead")}
      actions={
        <LinkButton to="/runs/new" variant="primary" icon={<Plus size={16} />}>
          {t("runs.new")}
        </LinkButton>
      }
    />
  );

  return (
    <Page
      title={t("runs.title")}
      fill
      actions={
        <LinkButton to="/runs/new" variant="primary" icon={<Plus size={16} />}>
          {t("runs.new")}
        </LinkButton>
      }
    >
      <div className={styles.toolbar}>
        {selected.size > 0 ? (
          <>
            <span className={styles.chosen}>{t("views.table.selected", { n: selected.size })}</span>
            {stage === "active" ? (
              <Button
                icon={<Trash2 size={16} />}
                onPress={() => void doDelete([...selected])}
                isPending={remove.isPending}
              >
                {t("runs.delete")}
              </Button>
            ) : (
              <Button
                icon={<RotateCcw size={16} />}
                onPress={() => void doRestore([...selected])}
                isPending={restore.isPending}
              >
                {t("runs.restore")}
              </Button>
            )}
            {chosenRows.length === 1 && chosenRows[0] && (
              <LinkButton to={`/runs/${chosenRows[0].id}`}>{t("runs.open")}</LinkButton>
            )}
          </>
        ) : (
          <>
            <FilterField value={typed} onChange={(q) => set({ q })} error={filterError} names={names} />
            <div className={styles.experiment}>
              <Select
                label={t("runs.filterExperiment")}
                value={experiment || ALL}
                onChange={(value) => set({ experiment: value === ALL ? null : value })}
                options={[
                  { value: ALL, label: t("runs.allExperiments") },
                  ...(experiments.data ?? []).map((e) => ({
                    value: e.name,
                    label: e.name,
                    detail: t("runs.count", { n: e.runs }),
                  })),
                ]}
              />
            </div>
            {machine && (
              <Button icon={<X size={14} />} onPress={() => set({ machine: null })}>
                {t("runs.onMachine", {
                  machine: machines.data?.find((m) => m.id === machine)?.name ?? machine,
                })}
              </Button>
            )}
            <Segmented
              label={t("runs.stage")}
              value={stage}
              onChange={(value) => set({ stage: value })}
              options={[
                { value: "active", label: t("runs.active") },
                { value: "deleted", label: t("runs.deleted") },
              ]}
            />
            <span className={styles.spring} />
            <span role="status">
              {waiting > 0 && (
                <Button icon={<ArrowUp size={14} aria-hidden />} onPress={show}>
                  {t("runs.showNew", { n: waiting })}
                </Button>
              )}
            </span>
            <ColumnChooser
              metricKeys={metricKeys}
              paramKeys={paramKeys}
              chosen={chosen}
              onChange={setChosen}
            />
          </>
        )}
      </div>
      {failure || (error && !filterError) ? (
        <div className={styles.banner}>
          <ErrorBanner
            error={failure ?? error}
            onRetry={() => void (failure ? setFailure(null) : pagesRead.refetch())}
          />
        </div>
      ) : null}
      <div className={styles.split}>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: it only notices whether the table is in use */}
        <div
          className={styles.list}
          onMouseEnter={() => setInUse(true)}
          onMouseLeave={() => setInUse(false)}
          onFocus={() => setInUse(true)}
          onBlur={() => setInUse(false)}
        >
          <DataTable
            id="runs"
            label={t("runs.table")}
            rows={rows}
            rowKey={(r) => r.id}
            columns={columns}
            sort={sort}
            onSort={(next) => {
              setSort(next);
              setPages(1);
            }}
            selected={selected}
            onSelected={setSelected}
            active={active}
            onActive={(run) => set({ run })}
            onOpen={(r) => go(`/runs/${r.id}`)}
            loading={pagesRead.pending}
            empty={error && !filterError ? null : empty}
            total={Math.max(total - waiting, rows.length)}
            noun={(n) => t("runs.count", { n })}
            onEnd={() => {
              if (!pagesRead.fetching) setPages((n) => n + 1);
            }}
            actions={(r) => [
              { id: "open", label: t("runs.open"), onAction: () => go(`/runs/${r.id}`) },
              ...(r.machine_id
                ? [{ id: "again", label: t("runs.again"), onAction: () => go(`/runs/new?from=${r.id}`) }]
                : []),
              ...(r.machine_id && !isOver(r)
                ? [{ id: "cancel", label: t("runs.cancel"), onAction: () => setCancelling(r) }]
                : []),
              r.stage === "active"
                ? {
                    id: "delete",
                    label: t("runs.delete"),
                    danger: true,
                    onAction: () => void doDelete([r.id]),
                  }
                : { id: "restore", label: t("runs.restore"), onAction: () => void doRestore([r.id]) },
            ]}
          />
        </div>
        <RunDrawer row={activeRow} onClose={() => set({ run: null })} onCancel={setCancelling} />
      </div>
      <CancelDialog run={cancelling} onClose={() => setCancelling(null)} />
    </Page>
  );
}
