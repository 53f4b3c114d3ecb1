import { Plus, X } from "lucide-react";
import { useState } from "react";
import type { ReportRunSet, ReportRuns, RunView } from "../../bindings/api";
import { asErrorBody, useQueryCommand } from "../../shared/backend";
import { Button, IconButton, NumberField, Segmented, Select } from "../../shared/components";
import { t } from "../../shared/i18n";
import { FilterField } from "../runs/FilterField";
import { filterOf, orderOf, sortOf } from "../runs/values";
import { RUNS, withRuns } from "./content";
import { useReportRuns } from "./ReportChart";
import { RunPicker } from "./RunPicker";
import styles from "./reports.module.css";

type Search = Extract<ReportRuns, { kind: "search" }>;

const ALL = "\u0000all";
const NEWEST = "attributes.start_time DESC";
const OLDEST = "attributes.start_time ASC";

/** Which runs a report, or a part of it, is about. */
export function RunsChoice(props: { value: ReportRuns; onChange: (runs: ReportRuns) => void }) {
  const { value, onChange } = props;
  const set = useReportRuns(value);
  const toSearch = (): Search => ({
    kind: "search",
    filter: "",
    order_by: [NEWEST],
    experiment: null,
    limit: 10,
  });
  return (
    <div className={styles.runs}>
      <Segmented<ReportRuns["kind"]>
        label={t("reports.kindLabel")}
        value={value.kind}
        onChange={(kind) => {
          if (kind === value.kind) return;
          // What was found is what is chosen, until the person chooses otherwise.
          const found = set.data?.rows.map(({ id, name }) => ({ id, name })) ?? [];
          onChange(kind === "search" ? toSearch() : { kind: "chosen", runs: found });
        }}
        options={[
          { value: "chosen", label: t("reports.kind.chosen") },
          { value: "search", label: t("reports.kind.search") },
        ]}
      />
      {value.kind === "chosen" ? (
        <Chosen value={value} set={set.data} onChange={onChange} />
      ) : (
        <SearchFields value={value} set={set.data} error={set.error} onChange={onChange} />
      )}
    </div>
  );
}

function Chosen(props: {
  value: Extract<ReportRuns, { kind: "chosen" }>;
  set: ReportRunSet | undefined;
  onChange: (runs: ReportRuns) => void;
}) {
  const { runs } = props.value;
  const [picking, setPicking] = useState(false);
  const gone = new Set(props.set?.gone.map((run) => run.id));
  const keep = (left: typeof runs) => props.onChange({ kind: "chosen", runs: left });
  return (
    <>
      {runs.length === 0 ? (
        <p className="quiet">{t("reports.noneChosen")}</p>
      ) : (
        <ul className={styles.chips}>
          {runs.map((run) => (
            <li key={run.id} data-gone={gone.has(run.id) || undefined}>
              <bdi title={run.name}>{run.name}</bdi>
              {gone.has(run.id) && <span className="quiet">{t("reports.goneRun")}</span>}
              <IconButton
                size="small"
                label={t("reports.removeRun", { name: run.name })}
                icon={<X size={12} />}
                onPress={() => keep(runs.filter((each) => each.id !== run.id))}
              />
            </li>
          ))}
        </ul>
      )}
      <div className={styles.inline}>
        <Button
          size="small"
          icon={<Plus size={14} />}
          isDisabled={runs.length >= RUNS}
          onPress={() => setPicking(true)}
        >
          {t("reports.addRuns")}
        </Button>
        {gone.size > 0 && (
          <Button size="small" variant="quiet" onPress={() => keep(runs.filter((run) => !gone.has(run.id)))}>
            {t("reports.removeGone")}
          </Button>
        )}
      </div>
      <RunPicker
        isOpen={picking}
        onClose={() => setPicking(false)}
        onPick={(more) => keep(withRuns(runs, more))}
      />
    </>
  );
}

function SearchFields(props: {
  value: Search;
  set: ReportRunSet | undefined;
  error: unknown;
  onChange: (runs: ReportRuns) => void;
}) {
  const { value, onChange } = props;
  const views = useQueryCommand("run_views", null);
  const experiments = useQueryCommand("experiments_list", null);
  const known = useQueryCommand("run_keys", { experiment: value.experiment });
  // Words alone search the names: they are kept as they were typed while the field is open.
  const [typed, setTyped] = useState(value.filter);
  const metrics = known.data?.metrics ?? [];
  const failed = props.error ? asErrorBody(props.error) : null;
  const order = value.order_by[0] ?? NEWEST;
  const orders = [
    { value: NEWEST, label: t("reports.newest") },
    { value: OLDEST, label: t("reports.oldest") },
    ...metrics.flatMap((key) =>
      [true, false].map((desc) => ({
        value: orderOf({ id: `metrics.${key}`, desc })[0] ?? NEWEST,
        label: t(desc ? "reports.highest" : "reports.lowest", { metric: key }),
      })),
    ),
  ];
  const sort = sortOf([order]);
  if (!orders.some((each) => each.value === order)) {
    orders.push({ value: order, label: sort ? `${sort.id} ${sort.desc ? "↓" : "↑"}` : order });
  }
  const take = (view: RunView | undefined) => {
    if (!view) return;
    setTyped(view.filter);
    const { filter, order_by, experiment } = view;
    onChange({ ...value, filter, experiment, order_by: order_by.length > 0 ? order_by : [NEWEST] });
  };
  return (
    <>
      <FilterField
        value={typed}
        onChange={(text) => {
          setTyped(text);
          onChange({ ...value, filter: filterOf(text).filter });
        }}
        error={failed?.code === "invalid" ? failed : null}
        names={filterOf(typed).names}
        keys={known.data}
        experiment={value.experiment}
      />
      <div className={styles.fields}>
        <Select
          label={t("reports.experiment")}
          value={value.experiment ?? ALL}
          onChange={(name) => onChange({ ...value, experiment: name === ALL ? null : name })}
          options={[
            { value: ALL, label: t("runs.allExperiments") },
            ...(experiments.data ?? []).map((each) => ({ value: each.name, label: each.name })),
          ]}
        />
        <Select
          label={t("reports.order")}
          value={order}
          onChange={(next) => onChange({ ...value, order_by: [next] })}
          options={orders}
        />
        <NumberField
          label={t("reports.limit")}
          value={value.limit}
          onChange={(limit) => limit !== null && onChange({ ...value, limit })}
          min={1}
          max={RUNS}
          unit={t("reports.limitUnit")}
        />
        {(views.data ?? []).length > 0 && (
          <Select
            label={t("reports.fromView")}
            value={null}
            onChange={(id) => take(views.data?.find((view) => view.id === id))}
            options={(views.data ?? []).map((view) => ({ value: view.id, label: view.name }))}
          />
        )}
      </div>
      <p className="quiet" role="status">
        {props.set && !failed ? `${t("reports.finds", { n: props.set.total })}. ` : ""}
        {t("reports.searchLead")}
      </p>
    </>
  );
}
