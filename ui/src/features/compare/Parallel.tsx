import { Columns3 } from "lucide-react";
import { type PointerEvent, useId, useMemo, useState } from "react";
import { Dialog, DialogTrigger, Popover } from "react-aria-components";
import type { RunRow } from "../../bindings/api";
import { Button, Checkbox, Switch } from "../../shared/components";
import { t } from "../../shared/i18n";
import { type Axis, axisText, scaleOf } from "./axes";
import styles from "./compare.module.css";
import type { Linked } from "./linked";
import { ColorBy, NothingToDraw, PlotTable, usePlotKeys, usePlotSize, useRunColors } from "./plot";

const TOP = 44;
/** The least that an axis takes with its figures. */
const LEAST = 112;
const FIRST = 6;
/** More lines than this are drawn lighter, so that those beneath are seen. */
const MANY = 40;
/** So many axes are listed. */
const LISTED = 100;

/** Each run as a line over several axes. Dragging along axes marks the runs within. */
export function Parallel(props: { runs: readonly RunRow[]; axes: readonly Axis[]; linked: Linked }) {
  const { runs, axes, linked } = props;
  const [chosen, setChosen] = useState<readonly string[] | null>(null);
  const [colorId, setColor] = useState("");
  const [asTable, setAsTable] = useState(false);
  const usual = useMemo(() => {
    const different = axes.filter((axis) => axis.differs);
    const params = different.filter((axis) => axis.id.startsWith("params.")).slice(0, FIRST - 2);
    const metrics = different.filter((axis) => axis.id.startsWith("metrics."));
    return [...params, ...metrics.slice(0, FIRST - params.length)].map((axis) => axis.id);
  }, [axes]);
  const ids = chosen ?? usual;
  const shown = useMemo(() => ids.flatMap((id) => axes.find((axis) => axis.id === id) ?? []), [ids, axes]);
  const color = axes.find((axis) => axis.id === colorId);
  if (axes.length < 2) return <NothingToDraw />;
  return (
    <div className={styles.column}>
      <div className={styles.bar}>
        <DialogTrigger>
          <Button icon={<Columns3 size={16} />}>{t("compare.axes")}</Button>
          <Popover placement="bottom start" className={styles.popover ?? ""}>
            <Dialog className={styles.axes ?? ""} aria-label={t("compare.axes")}>
              <Axes axes={axes} chosen={ids} onChange={setChosen} />
            </Dialog>
          </Popover>
        </DialogTrigger>
        <ColorBy axes={axes} by={color} onBy={setColor} />
        <Switch isSelected={asTable} onChange={setAsTable}>
          {t("compare.asTable")}
        </Switch>
      </div>
      {shown.length < 2 ? (
        <NothingToDraw />
      ) : asTable ? (
        <PlotTable
          id="compare-parallel"
          label={t("compare.tab.parallel")}
          runs={runs}
          axes={shown}
          linked={linked}
        />
      ) : (
        <Plot runs={runs} axes={shown} color={color} linked={linked} />
      )}
    </div>
  );
}

/** Chooses axes, found by their name where there are many. */
function Axes(props: {
  axes: readonly Axis[];
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
}) {
  const { axes, chosen } = props;
  const [find, setFind] = useState("");
  const wanted = find.trim().toLocaleLowerCase();
  const found = axes.filter((axis) => axis.label.toLocaleLowerCase().includes(wanted));
  const more = found.length - LISTED;
  return (
    <>
      <input
        type="search"
        className={styles.search}
        aria-label={t("compare.findAxis")}
        placeholder={t("compare.findAxis")}
        value={find}
        onChange={(event) => setFind(event.target.value)}
      />
      {found.slice(0, LISTED).map(({ id, label }) => (
        <Checkbox
          key={id}
          isSelected={chosen.includes(id)}
          onChange={(on) => props.onChange(on ? [...chosen, id] : chosen.filter((each) => each !== id))}
        >
          {label}
        </Checkbox>
      ))}
      {found.length === 0 && <p className="quiet">{t("fields.nothingFound")}</p>}
      {more > 0 && <p className="quiet">{t("fields.more", { n: more })}</p>}
    </>
  );
}

function Plot(props: {
  runs: readonly RunRow[];
  axes: readonly Axis[];
  color: Axis | undefined;
  linked: Linked;
}) {
  const { runs, axes, linked } = props;
  const { svg, width, height: tall } = usePlotSize();
  const colors = useRunColors(runs, props.color);
  const bottom = tall - 56;
  /** Where a line goes at an axis that its run has no value on. */
  const none = tall - 20;
  const help = useId();
  /** Stretches chosen on axes, in the drawing's own heights. */
  const [brushes, setBrushes] = useState<ReadonlyMap<string, readonly [number, number]>>(new Map());
  const [drag, setDrag] = useState<{ axis: string; from: number; to: number } | null>(null);
  const step = width / axes.length;
  const { lines, scales } = useMemo(() => {
    const scales = axes.map((axis) => scaleOf(axis, Math.max(2, Math.round((bottom - TOP) / 80))));
    const lines = runs.map((run, index) => ({
      run,
      index,
      heights: axes.map((axis, i) => {
        const at = scales[i]?.at(axis.places[index] ?? null) ?? null;
        return at === null ? none : bottom - at * (bottom - TOP);
      }),
    }));
    return { lines, scales };
  }, [runs, axes, bottom, none]);
  const ordered = useMemo(
    () => [...lines].sort((a, b) => (a.heights.at(-1) ?? 0) - (b.heights.at(-1) ?? 0)),
    [lines],
  );
  const { onKeyDown, said } = usePlotKeys(ordered, axes, linked);
  const height = (event: PointerEvent) => {
    const drawn = svg.current?.getBoundingClientRect();
    return drawn ? event.clientY - drawn.top : 0;
  };
  const end = () => {
    if (!drag) return;
    const next = new Map(brushes);
    if (Math.abs(drag.to - drag.from) < 4) next.delete(drag.axis);
    else next.set(drag.axis, [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)]);
    setDrag(null);
    setBrushes(next);
    const within = lines.filter(({ heights }) =>
      axes.every((axis, i) => {
        const brush = next.get(axis.id);
        const at = heights[i] ?? none;
        return !brush || (at >= brush[0] && at <= brush[1]);
      }),
    );
    linked.mark(new Set(next.size > 0 ? within.map(({ run }) => run.id) : []));
  };
  const some = linked.forward.size > 0;
  const atOf = (i: number) => step / 2 + i * step;
  const letters = Math.floor((step - 16) / 7);
  return (
    <figure className={styles.figure} aria-label={t("compare.tab.parallel")}>
      <div className={styles.wide}>
        <svg
          ref={svg}
          viewBox={`0 0 ${width} ${tall}`}
          style={{ minWidth: axes.length * LEAST }}
          role="application"
          aria-roledescription={t("compare.tab.parallel")}
          aria-label={axes.map((axis) => axis.label).join(", ")}
          aria-describedby={help}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys go from run to run
          tabIndex={0}
          onKeyDown={onKeyDown}
          onBlur={() => linked.point(null)}
          onPointerMove={(e) => drag && setDrag({ ...drag, to: height(e) })}
          onPointerUp={end}
          onPointerLeave={end}
        >
          {lines.map(({ run, index, heights }) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: the plot has the keyboard
            <polyline
              key={run.id}
              points={heights.map((y, i) => `${atOf(i)},${y}`).join(" ")}
              stroke={colors[index]}
              strokeWidth={linked.forward.has(run.id) ? 2.6 : 1.4}
              opacity={some ? (linked.forward.has(run.id) ? 1 : 0.12) : runs.length > MANY ? 0.5 : 0.75}
              className={styles.line}
              onPointerEnter={() => linked.point(run.id)}
              onPointerLeave={() => linked.point(null)}
              onClick={() => linked.toggle(run.id)}
            >
              <title>{run.name}</title>
            </polyline>
          ))}
          {axes.map((axis, i) => {
            const brush =
              drag?.axis === axis.id
                ? ([Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)] as const)
                : brushes.get(axis.id);
            return (
              <g key={axis.id}>
                <text className={styles.axisName} x={atOf(i)} y={16} textAnchor="middle">
                  {axis.label.length > letters ? `${axis.label.slice(0, letters - 1)}…` : axis.label}
                  <title>{axis.label}</title>
                </text>
                <line className={styles.axisLine} x1={atOf(i)} x2={atOf(i)} y1={TOP} y2={bottom} />
                {scales[i]?.ticks.map((tick) => (
                  <text key={tick.value} x={atOf(i) + 8} y={bottom - tick.at * (bottom - TOP) + 4}>
                    {axisText(axis, tick.value).slice(0, 14)}
                  </text>
                ))}
                {axis.places.some((place) => place === null) && (
                  <text x={atOf(i) + 8} y={none + 4}>
                    {t("compare.noValue")}
                  </text>
                )}
                {brush && (
                  <rect
                    className={styles.frame}
                    x={atOf(i) - 8}
                    width={16}
                    y={brush[0]}
                    height={brush[1] - brush[0]}
                  />
                )}
                <rect
                  className={styles.grip}
                  x={atOf(i) - 10}
                  width={20}
                  y={TOP - 8}
                  height={none - TOP + 16}
                  onPointerDown={(e) => setDrag({ axis: axis.id, from: height(e), to: height(e) })}
                />
              </g>
            );
          })}
        </svg>
      </div>
      <figcaption id={help} className="quiet">
        {t("compare.keys")}
      </figcaption>
      <span role="status" className="visually-hidden">
        {said}
      </span>
    </figure>
  );
}
