import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { ChartScatter } from "lucide-react";
import type { RunRow } from "../../bindings/api";
import { styleColor, useLooks } from "../../shared/charts";
import { EmptyState, Select } from "../../shared/components";
import { t } from "../../shared/i18n";
import { type Column, DataTable } from "../../shared/table";
import { type Axis, axisText, shadesOf } from "./axes";
import styles from "./compare.module.css";
import type { Linked } from "./linked";

/** A run by its place in the comparison. */
export interface Dot {
  readonly run: RunRow;
  readonly index: number;
}

/** What a plot measures before it has been laid out. */
const USUAL = { width: 840, height: 440 };

/** The size that a plot is drawn in: one unit is one pixel, so that words keep their size on every screen. */
export function usePlotSize() {
  const svg = useRef<SVGSVGElement>(null);
  const [size, setSize] = useState(USUAL);
  useEffect(() => {
    const element = svg.current;
    if (!element) return;
    const follow = new ResizeObserver(() => {
      const { width, height } = element.getBoundingClientRect();
      if (width > 0 && height > 0) setSize({ width: Math.round(width), height: Math.round(height) });
    });
    follow.observe(element);
    return () => follow.disconnect();
  }, []);
  return { svg, ...size };
}

/** A color for each run: its own, or how far its value is along an axis. */
export function useRunColors(runs: readonly RunRow[], by: Axis | undefined): readonly string[] {
  const ids = useMemo(() => runs.map((run) => run.id), [runs]);
  const looks = useLooks(ids);
  return useMemo(() => {
    if (!by) return ids.map((id) => styleColor(looks.get(id)));
    return shadesOf(by).map((far) =>
      far === null
        ? "var(--line-strong)"
        : `color-mix(in oklch, var(--scale-high) ${Math.round(far * 100)}%, var(--scale-low))`,
    );
  }, [ids, looks, by]);
}

/** Chooses what the runs of a plot are colored by, with the scale beside it. */
export function ColorBy(props: { axes: readonly Axis[]; by: Axis | undefined; onBy: (id: string) => void }) {
  const { axes, by } = props;
  const values = by?.places.filter((place): place is number => place !== null) ?? [];
  return (
    <>
      <div className={styles.axis}>
        <Select
          label={t("compare.color")}
          value={by?.id ?? ""}
          onChange={props.onBy}
          options={[{ value: "", label: t("compare.colorByRun") }, ...optionsOf(axes)]}
        />
      </div>
      {by && (
        <span className={styles.scale}>
          {axisText(by, Math.min(...values))}
          <i aria-hidden />
          {axisText(by, Math.max(...values))}
        </span>
      )}
    </>
  );
}

/** The axes as they are chosen from. */
export const optionsOf = (axes: readonly Axis[]) =>
  axes.map(({ id, label }) => ({
    value: id,
    label,
    detail: t(id.startsWith("params.") ? "compare.group.param" : "compare.group.metric"),
  }));

/** Arrow keys go from run to run in a plot's own order, Space marks, Escape unmarks all. */
export function usePlotKeys(dots: readonly Dot[], axes: readonly Axis[], linked: Linked) {
  const [said, setSaid] = useState("");
  const onKeyDown = (event: KeyboardEvent) => {
    if (dots.length === 0) return;
    const at = dots.findIndex(({ run }) => run.id === linked.pointed);
    const last = dots.length - 1;
    const moves: Record<string, number> = {
      ArrowRight: Math.min(at + 1, last),
      ArrowDown: Math.min(at + 1, last),
      ArrowLeft: Math.max(at - 1, 0),
      ArrowUp: Math.max(at - 1, 0),
      Home: 0,
      End: last,
    };
    const say = (to: number, marked: boolean) => {
      const dot = dots[to];
      if (!dot) return;
      const values = axes.map((axis) => `${axis.label} ${axisText(axis, axis.places[dot.index] ?? null)}`);
      setSaid([dot.run.name, ...(marked ? [t("compare.markedWord")] : []), ...values].join(", "));
    };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      const id = dots[to]?.run.id ?? null;
      linked.point(id);
      say(to, id !== null && linked.marked.has(id));
    } else if (event.key === " " && linked.pointed !== null && at >= 0) {
      event.preventDefault();
      say(at, !linked.marked.has(linked.pointed));
      linked.toggle(linked.pointed);
    } else if (event.key === "Escape" && linked.marked.size > 0) {
      event.preventDefault();
      linked.mark(new Set());
    }
  };
  return { onKeyDown, said };
}

/** The same figures as rows; what is selected here is marked everywhere. */
export function PlotTable(props: {
  id: string;
  label: string;
  runs: readonly RunRow[];
  axes: readonly Axis[];
  linked: Linked;
}) {
  const { runs, axes, linked } = props;
  const rows = runs.map((run, index): Dot => ({ run, index }));
  const columns: Column<Dot>[] = [
    { id: "name", header: t("runs.col.name"), text: (r) => r.run.name, width: 200 },
    ...axes.map(
      (axis): Column<Dot> => ({
        id: axis.id,
        header: axis.label,
        text: (r) => axisText(axis, axis.places[r.index] ?? null),
        sort: (r) => axis.places[r.index] ?? null,
        width: 128,
        ...(axis.words ? {} : { align: "end" }),
      }),
    ),
  ];
  return (
    <div className={styles.plotTable}>
      <DataTable
        id={props.id}
        label={props.label}
        rows={rows}
        rowKey={(r) => r.run.id}
        columns={columns}
        selected={linked.marked}
        onSelected={linked.mark}
      />
    </div>
  );
}

export function NothingToDraw() {
  return <EmptyState icon={ChartScatter} title={t("compare.noAxes")} lead={t("compare.noAxesLead")} />;
}
