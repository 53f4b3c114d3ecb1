import { useSearch } from "@tanstack/react-router";
import { Archive, ArrowUp, FlaskConical, Plus, Search, Trash2, X } from "lucide-react";
import { useCallback, useMemo, useRef, useState } from "react";
import type { ChosenRun, RunRow, RunView } from "../../bindings/api";
import { shortValue } from "../../shared/charts";
import { asErrorBody, useQueryCommand } from "../../shared/backend";
import {
  ActionsMenu,
  Button,
  copyText,
  EmptyState,
  ErrorBanner,
  LinkButton,
  Page,
  Select,
  toast,
  useGo,
} from "../../shared/components";
import { formatTime } from "../../shared/format";
import { currentLocale, t } from "../../shared/i18n";
import { type CellActions, DataTable, type Sort } from "../../shared/table";
import { AddToReport } from "../reports/AddToReport";
import { CancelDialog } from "./CancelDialog";
import { ColumnChooser, useChosenColumns, useColumnChoice } from "./ColumnChooser";
import { columnName, columnsOf, pinsOf } from "./columns";
import { type ExportOf, ExportRuns } from "./ExportRuns";
import { FilterField } from "./FilterField";
import { GroupBy } from "./GroupBy";
import { Groups } from "./Groups";
import { andFilter, type Condition, conditionsOf, idsFilter } from "./language";
import { askedOf, metricColumn } from "./metricColumns";
import { MoveRuns } from "./MoveRuns";
import { RunDrawer } from "./RunDrawer";
import styles from "./runs.module.css";
import { COMPARED, SelectionBar } from "./SelectionBar";
import { pythonSnippet, searchString } from "./snippets";
import { STAGES, useStageActs } from "./stages";
import { isOver } from "./status";
import { TagRuns } from "./TagRuns";
import { useRunKeys, useRunWindows } from "./useRunWindows";
import { columnKey, filterOf, orderOf, sortOf } from "./values";
import { Views } from "./Views";

const ALL = "\u0000all";
const NONE: readonly RunRow[] = [];
const NO_KEYS: readonly string[] = [];
const NEWEST: Sort = { id: "attributes.start_time", desc: true };
/** So many runs are selected at once: what the commands for runs take. */
const SELECTED = 1000;

const rowKey = (row: RunRow) => row.id;

/** A condition as an entry of a menu: "lr = 0.01". */
function conditionLabel(column: string, { sign, value }: Condition): string {
  if (sign === "none") return t("runTable.missing", { column });
  return `${column} ${sign} ${value.length > 60 ? `${value.slice(0, 59)}…` : value}`;
}

export function RunsPage() {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const go = useGo();
  const text = (key: string) => (search[key] === undefined ? "" : String(search[key]));
  const typed = text("q");
  const experiment = text("experiment");
  const machine = text("machine");
  const stage = STAGES.find((each) => each === search.stage) ?? "active";
  const active = text("run") || null;
  const order = text("order");
  const view = text("view");
  const group = text("group");
  const sort = sortOf([order]) ?? NEWEST;
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
        order,
        view,
        group,
        run: active,
        ...change,
      })) {
        if (value) next.set(key, value);
      }
      if (!("run" in change) && !("order" in change)) {
        next.delete("run");
        setSelected(new Set());
      }
      const query = next.toString();
      go(query ? `/runs?${query}` : "/runs", { replace: true });
    },
    [typed, experiment, machine, stage, order, view, group, active, go],
  );

  const wanted = {
    filter,
    order_by: orderOf(sort),
    experiment: experiment || null,
    machine_id: machine || null,
    stage,
  } as const;
  const { choice, setChoice } = useColumnChoice();
  const known = useRunKeys(wanted.experiment);
  const keys = known.data;
  const chosen = useChosenColumns(choice, keys?.metrics ?? NO_KEYS);
  const undecided = choice === null && known.isPending;
  const shown = useMemo(
    () => (undecided ? null : pinsOf(chosen).ids.filter((id) => !id.startsWith("attributes."))),
    [undecided, chosen],
  );
  const windows = useRunWindows(wanted, shown, inUse);
  const { table, total, error, waiting } = windows;
  const narrowed = filter !== "" || experiment !== "" || machine !== "";

  const experiments = useQueryCommand("experiments_list", null);
  const machines = useQueryCommand("machines_list", null, { enabled: machine !== "" });
  const everything = useQueryCommand(
    "runs_search",
    {
      filter: "",
      order_by: [],
      experiment: null,
      machine_id: null,
      stage,
      offset: 0,
      limit: 1,
      columns: [],
      only_columns: true,
    },
    { enabled: narrowed && total === 0 },
  );
  const [failure, setFailure] = useState<unknown>(null);

  // Selected rows and the open one as they were last seen: they may be out of view.
  const seen = useRef(new Map<string, RunRow>());
  const rowOf = useCallback(
    (id: string) => {
      const row = table.rowOf(id) ?? seen.current.get(id);
      if (row) seen.current.set(id, row);
      return row;
    },
    [table],
  );
  const select = useCallback(
    (ids: Set<string>) => {
      const rows = [...ids].flatMap((id) => rowOf(id) ?? []);
      seen.current = new Map(rows.map((row) => [row.id, row]));
      setSelected(ids);
    },
    [rowOf],
  );
  const keysOf = async (from: number, to: number) => {
    const last = Math.min(to, from + SELECTED - 1);
    if (last < to) toast({ kind: "notice", title: t("runs.selectLimit", { n: SELECTED }) });
    try {
      const rows = await windows.read(from, last);
      for (const row of rows) seen.current.set(row.id, row);
      return rows.map(rowKey);
    } catch (e) {
      setFailure(e);
      return [...selected];
    }
  };

  const stages = useStageActs({
    done: (_what, ids) => {
      void windows.refresh();
      setSelected(new Set());
      if (active && ids.includes(active)) set({ run: null });
    },
    failed: setFailure,
  });

  const openView = (next: RunView | null) => {
    setChoice(next?.columns ?? null);
    set({
      view: next?.id ?? null,
      q: next?.filter ?? null,
      experiment: next?.experiment ?? null,
      order: next?.order_by[0] ?? null,
      stage: next?.stage ?? null,
      machine: null,
      group: null,
    });
  };

  const columns = useMemo(() => columnsOf(chosen), [chosen]);
  const metrics = useMemo(() => askedOf(pinsOf(chosen).ids), [chosen]);
  const metricNames = useMemo(
    () => [...new Set(metrics.flatMap((id) => metricColumn(id)?.key ?? []))],
    [metrics],
  );

  const filterBy = (clause: string, change: Record<string, string | null> = {}) =>
    set({ q: filter.includes(clause) ? filter : andFilter(filter, clause), ...change });
  /** What narrows the table to the runs that are like one in a column. */
  const alike = (row: RunRow, id: string, change: Record<string, string | null> = {}) => {
    if (id === "attributes.experiment") set({ experiment: row.experiment, ...change });
    else if (id === "attributes.machine" && row.machine_id !== null)
      set({ machine: row.machine_id, ...change });
    else if (id === "attributes.machine") filterBy("attributes.machine_id = ''", change);
    else if (id === "attributes.user_id" && row.user === null) filterBy("attributes.user_id = ''", change);
    else {
      const [first] = conditionsOf(row, id);
      if (first) filterBy(first.clause, change);
    }
  };
  const cellActions: CellActions<RunRow> = {
    label: t("runTable.filterBy"),
    of: (row, id) => {
      const name = columnName(id);
      if (id === "attributes.experiment" || id === "attributes.machine") {
        const value = id === "attributes.machine" ? row.machine : row.experiment;
        const condition = { sign: value === null ? "none" : "=", value: value ?? "", clause: "" } as const;
        return [{ id, label: conditionLabel(name, condition), onAction: () => alike(row, id) }];
      }
      const isTime = id === "attributes.start_time" || id === "attributes.end_time";
      const shown = (value: string) =>
        isTime
          ? formatTime(Number(value))
          : columnKey(id).kind === "metrics"
            ? shortValue(Number(value), currentLocale())
            : value;
      return conditionsOf(row, id).map((condition) => ({
        id: condition.clause,
        label: conditionLabel(name, { ...condition, value: shown(condition.value) }),
        onAction: () => filterBy(condition.clause),
      }));
    },
  };

  const [moving, setMoving] = useState<readonly string[] | null>(null);
  const [tagging, setTagging] = useState<readonly string[] | null>(null);
  const [reporting, setReporting] = useState<readonly ChosenRun[] | null>(null);
  const [exporting, setExporting] = useState<ExportOf | null>(null);
  const copy = async (what: string, said: "runTable.copiedSearch" | "runTable.copiedPython") => {
    const done = await copyText(what);
    toast(done ? { title: t(said) } : { kind: "notice", title: t("runTable.notCopied") });
  };
  const ids = [...selected];
  const more = [
    ...(stage !== "deleted" && ids.length > 0
      ? [{ id: "move", label: t("runTable.move"), onAction: () => setMoving(ids) }]
      : []),
    {
      id: "search",
      label: t("runTable.copySearch"),
      disabled: searchString(wanted, ids) === "",
      onAction: () => void copy(searchString(wanted, ids), "runTable.copiedSearch"),
    },
    {
      id: "python",
      label: t("runTable.copyPython"),
      onAction: () => void copy(pythonSnippet(wanted, ids), "runTable.copiedPython"),
    },
    {
      id: "export",
      label: t("runTable.export"),
      disabled: total === 0,
      onAction: () =>
        setExporting(
          ids.length === 0
            ? { wanted, total }
            : {
                wanted: { ...wanted, filter: idsFilter(ids), experiment: null, machine_id: null },
                total: ids.length,
              },
        ),
    },
  ];

  const inTable = active === null ? undefined : rowOf(active);
  const opened = useQueryCommand(
    "run_get",
    { id: active ?? "" },
    { enabled: active !== null && !inTable && !windows.pending },
  );
  const activeRow = active === null ? null : (inTable ?? opened.data?.row ?? null);
  const compare = () => {
    if (selected.size <= COMPARED) go(`/compare?runs=${[...selected].join(",")}`);
  };
  const filterError = error && asErrorBody(error).code === "invalid" ? asErrorBody(error) : null;

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
  ) : stage === "archived" ? (
    <EmptyState icon={Archive} title={t("runs.noArchivedTitle")} lead={t("runs.noArchivedLead")} />
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
          <SelectionBar
            ids={ids}
            stage={stage}
            isPending={stages.isPending}
            onAct={(what) => stages.act(what, ids)}
            onTag={() => setTagging(ids)}
            onCompare={compare}
            onReport={() => setReporting(ids.map((id) => ({ id, name: rowOf(id)?.name ?? id })))}
            onNone={() => setSelected(new Set())}
            more={more}
          />
        ) : (
          <>
            <Views
              value={view}
              setup={{
                filter,
                order_by: wanted.order_by,
                experiment: experiment || null,
                stage,
                columns: choice,
              }}
              onOpen={openView}
            />
            <FilterField
              value={typed}
              onChange={(q) => set({ q })}
              error={filterError}
              names={names}
              keys={keys}
              experiment={wanted.experiment}
            />
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
            <div className={styles.stage}>
              <Select
                label={t("runs.stage")}
                value={stage}
                onChange={(value) => set({ stage: value })}
                options={STAGES.map((each) => ({ value: each, label: t(`runs.${each}`) }))}
              />
            </div>
            <div className={styles.barEnd}>
              <span role="status">
                {waiting > 0 && (
                  <Button icon={<ArrowUp size={14} aria-hidden />} onPress={windows.show}>
                    {t("runs.showNew", { n: waiting })}
                  </Button>
                )}
              </span>
              <GroupBy
                value={group}
                onChange={(value) => set({ group: value })}
                params={keys?.params ?? NO_KEYS}
                tags={keys?.tags ?? NO_KEYS}
              />
              <ColumnChooser keys={keys} chosen={chosen} onChange={setChoice} />
              <ActionsMenu label={t("runTable.more")} items={more} />
            </div>
          </>
        )}
      </div>
      {failure || (error && !filterError) ? (
        <div className={styles.banner}>
          <ErrorBanner
            error={failure ?? error}
            onRetry={() => void (failure ? setFailure(null) : windows.refresh())}
          />
        </div>
      ) : null}
      {group !== "" ? (
        <Groups
          wanted={wanted}
          by={group}
          metrics={metrics}
          onOpen={(example) => alike(example, group, { group: null })}
        />
      ) : (
        <div className={styles.split}>
          {/* biome-ignore lint/a11y/noStaticElementInteractions: it only notices whether the table is in use */}
          <div
            className={styles.list}
            onMouseEnter={() => setInUse(true)}
            onMouseLeave={() => setInUse(false)}
            onFocus={() => setInUse(true)}
            onBlur={() => setInUse(false)}
            onKeyDownCapture={(e) => {
              if (e.key !== "c" || e.ctrlKey || e.metaKey || e.altKey || selected.size < 2) return;
              e.preventDefault();
              e.stopPropagation();
              compare();
            }}
          >
            <DataTable
              id="runs"
              label={t("runs.table")}
              rows={NONE}
              windows={{ ...table, rowOf, keys: keysOf }}
              top={windows.top}
              rowKey={rowKey}
              columns={columns}
              sort={sort}
              onSort={(next) => set({ order: orderOf(next)[0] ?? null })}
              selected={selected}
              onSelected={select}
              active={active}
              onActive={(run) => set({ run })}
              onOpen={(r) => go(`/runs/${r.id}`)}
              loading={windows.pending}
              empty={error && !filterError ? null : empty}
              noun={(n) => t("runs.count", { n })}
              cellActions={cellActions}
              actions={(r) => [
                { id: "open", label: t("runs.open"), onAction: () => go(`/runs/${r.id}`) },
                ...(r.machine_id
                  ? [{ id: "again", label: t("runs.again"), onAction: () => go(`/runs/new?from=${r.id}`) }]
                  : []),
                ...(r.machine_id && !isOver(r)
                  ? [{ id: "cancel", label: t("runs.cancel"), onAction: () => setCancelling(r) }]
                  : []),
                ...stages.items(r.stage, [r.id]),
              ]}
            />
          </div>
          <RunDrawer row={activeRow} onClose={() => set({ run: null })} onCancel={setCancelling} />
        </div>
      )}
      <MoveRuns
        ids={moving}
        onMoved={(all) => {
          void windows.refresh();
          if (all) setSelected(new Set());
        }}
        onClose={() => setMoving(null)}
      />
      <TagRuns ids={tagging} onChanged={() => void windows.refresh()} onClose={() => setTagging(null)} />
      <AddToReport runs={reporting} metrics={metricNames} onClose={() => setReporting(null)} />
      <ExportRuns of={exporting} columns={pinsOf(chosen).ids} onClose={() => setExporting(null)} />
      <CancelDialog
        run={cancelling}
        onClose={() => {
          setCancelling(null);
          void windows.refresh();
        }}
      />
    </Page>
  );
}
