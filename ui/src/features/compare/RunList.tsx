import { Anchor, Plus, X } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Dialog, DialogTrigger, Popover } from "react-aria-components";
import type { RunRow } from "../../bindings/api";
import { useQueryCommand } from "../../shared/backend";
import { useLooks } from "../../shared/charts";
import { Button, classes, Link } from "../../shared/components";
import { t } from "../../shared/i18n";
import { useRested } from "../runs/useRested";
import { filterOf } from "../runs/values";
import styles from "./compare.module.css";
import type { Linked } from "./linked";

/** More runs than this have a field to find one by. */
const SEARCHED = 12;

/** The legend of all views: color, name, baseline. What is marked here stands out everywhere. */
export function RunList(props: {
  runs: readonly RunRow[];
  linked: Linked;
  base: number;
  onBase: (id: string) => void;
  onRuns: (ids: readonly string[]) => void;
}) {
  const { runs, linked, onRuns } = props;
  const ids = useMemo(() => runs.map((run) => run.id), [runs]);
  const looks = useLooks(ids);
  const [find, setFind] = useState("");
  const wanted = find.trim().toLocaleLowerCase();
  const list = useRef<HTMLUListElement>(null);
  const { pointed } = linked;
  // What is pointed at in a chart is in view here: this is its legend.
  useEffect(() => {
    const here = list.current;
    if (pointed === null || !here || here.matches(":hover")) return;
    here.querySelector("[data-pointed]")?.scrollIntoView({ block: "nearest" });
  }, [pointed]);
  return (
    <aside className={styles.runs} aria-label={t("compare.runs")}>
      <div className={styles.runsHead}>
        <AddRun ids={ids} onAdd={(id) => onRuns([...ids, id])} />
        <span role="status">{linked.marked.size > 0 && t("compare.marked", { n: linked.marked.size })}</span>
      </div>
      {runs.length > SEARCHED && (
        <input
          type="search"
          className={classes(styles.search, styles.findHere)}
          aria-label={t("compare.findHere")}
          placeholder={t("compare.findHere")}
          value={find}
          onChange={(event) => setFind(event.target.value)}
        />
      )}
      <ul ref={list} onMouseLeave={() => linked.point(null)}>
        {runs.map((run, i) => (
          <li
            key={run.id}
            hidden={!run.name.toLocaleLowerCase().includes(wanted)}
            data-marked={linked.marked.has(run.id) || undefined}
            data-pointed={linked.pointed === run.id || undefined}
            onMouseEnter={() => linked.point(run.id)}
          >
            <button
              type="button"
              className={styles.mark}
              aria-pressed={linked.marked.has(run.id)}
              aria-label={t("compare.mark", { name: run.name })}
              onClick={() => linked.toggle(run.id)}
              onFocus={() => linked.point(run.id)}
              onBlur={() => linked.point(null)}
            >
              <svg width="18" height="8" aria-hidden>
                <line
                  x2="18"
                  y1="4"
                  y2="4"
                  strokeWidth="2.5"
                  stroke={`var(--series-${looks.get(run.id)?.slot ?? 1})`}
                  strokeDasharray={looks.get(run.id)?.dash.join(" ")}
                />
              </svg>
            </button>
            <Link to={`/runs/${run.id}`} className={styles.runName ?? ""} title={run.name}>
              <bdi>{run.name}</bdi>
            </Link>
            {run.stage === "deleted" && <span className="quiet">{t("compare.deleted")}</span>}
            <button
              type="button"
              className={styles.tool}
              aria-pressed={i === props.base}
              aria-label={t("compare.baselineIs", { name: run.name })}
              title={t("compare.baseline")}
              onClick={() => props.onBase(run.id)}
            >
              <Anchor size={13} aria-hidden />
            </button>
            <button
              type="button"
              className={styles.tool}
              aria-label={t("compare.remove", { name: run.name })}
              title={t("compare.remove", { name: run.name })}
              onClick={() => onRuns(ids.filter((id) => id !== run.id))}
            >
              <X size={13} aria-hidden />
            </button>
          </li>
        ))}
      </ul>
      {linked.marked.size > 0 && (
        <div className={styles.runsFoot}>
          <Button size="small" variant="quiet" onPress={() => linked.mark(new Set())}>
            {t("compare.unmark")}
          </Button>
          <Button
            size="small"
            variant="quiet"
            onPress={() => onRuns(ids.filter((id) => linked.marked.has(id)))}
          >
            {t("compare.keepMarked")}
          </Button>
        </div>
      )}
    </aside>
  );
}

function AddRun(props: { ids: readonly string[]; onAdd: (id: string) => void }) {
  return (
    <DialogTrigger>
      <Button size="small" icon={<Plus size={14} />}>
        {t("compare.add")}
      </Button>
      <Popover placement="bottom start" className={styles.popover ?? ""}>
        <Dialog aria-label={t("compare.add")} className={styles.find ?? ""}>
          {({ close }) => (
            <Find
              ids={props.ids}
              onAdd={(id) => {
                props.onAdd(id);
                close();
              }}
            />
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function Find(props: { ids: readonly string[]; onAdd: (id: string) => void }) {
  const [typed, setTyped] = useState("");
  const { filter, names } = filterOf(useRested(typed));
  const found = useQueryCommand(
    "runs_search",
    {
      filter: names ? filter : "",
      order_by: [],
      experiment: null,
      machine_id: null,
      stage: "active",
      offset: 0,
      limit: 20,
      columns: [],
      only_columns: true,
    },
    { keepPrevious: true },
  );
  const others = (found.data?.rows ?? []).filter((run) => !props.ids.includes(run.id)).slice(0, 8);
  return (
    <>
      <input
        type="search"
        className={styles.search}
        aria-label={t("compare.find")}
        placeholder={t("compare.find")}
        value={typed}
        onChange={(e) => setTyped(e.target.value)}
      />
      <ul>
        {others.map((run) => (
          <li key={run.id}>
            <button type="button" onClick={() => props.onAdd(run.id)}>
              <bdi>{run.name}</bdi> <span className="quiet">{run.experiment}</span>
            </button>
          </li>
        ))}
      </ul>
      {found.data && others.length === 0 && <p className="quiet">{t("compare.nothingFound")}</p>}
    </>
  );
}
