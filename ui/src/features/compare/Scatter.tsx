import { type PointerEvent, useId, useMemo, useRef, useState } from "react";
import type { RunRow } from "../../bindings/api";
import { seriesColor } from "../../shared/charts";
import { Select, Switch } from "../../shared/components";
import { t } from "../../shared/i18n";
import { type Axis, axisText, scaleOf } from "./axes";
import styles from "./compare.module.css";
import type { Linked } from "./linked";
import { NothingToDraw, PlotTable, usePlotKeys } from "./plot";

const WIDTH = 840;
const HEIGHT = 460;
const BOX = { left: 84, right: WIDTH - 24, top: 36, bottom: HEIGHT - 48 };

interface Corner {
  readonly x: number;
  readonly y: number;
}

/** Each run as a point between two axes. Dragging marks the runs inside the frame. */
export function Scatter(props: { runs: readonly RunRow[]; axes: readonly Axis[]; linked: Linked }) {
  const { runs, axes, linked } = props;
  const metrics = axes.filter((axis) => axis.id.startsWith("metrics."));
  const params = axes.filter((axis) => axis.id.startsWith("params."));
  const [xId, setX] = useState("");
  const [yId, setY] = useState("");
  const [asTable, setAsTable] = useState(false);
  const usualX = params.find((axis) => axis.differs && !axis.words) ?? metrics[1] ?? axes[0];
  const x = axes.find((axis) => axis.id === xId) ?? usualX;
  const y = axes.find((axis) => axis.id === yId) ?? metrics[0] ?? axes[1];
  if (!x || !y || axes.length < 2) return <NothingToDraw />;
  const options = axes.map(({ id, label }) => ({
    value: id,
    label,
    detail: t(id.startsWith("params.") ? "compare.group.param" : "compare.group.metric"),
  }));
  return (
    <div className={styles.column}>
      <div className={styles.bar}>
        <div className={styles.axis}>
          <Select label={t("compare.xAxis")} value={x.id} onChange={setX} options={options} />
        </div>
        <div className={styles.axis}>
          <Select label={t("compare.yAxis")} value={y.id} onChange={setY} options={options} />
        </div>
        <Switch isSelected={asTable} onChange={setAsTable}>
          {t("compare.asTable")}
        </Switch>
      </div>
      {asTable ? (
        <PlotTable
          id="compare-scatter"
          label={t("compare.tab.scatter")}
          runs={runs}
          axes={x === y ? [x] : [x, y]}
          linked={linked}
        />
      ) : (
        <Plot runs={runs} x={x} y={y} linked={linked} />
      )}
    </div>
  );
}

function Plot({ runs, x, y, linked }: { runs: readonly RunRow[]; x: Axis; y: Axis; linked: Linked }) {
  const svg = useRef<SVGSVGElement>(null);
  const help = useId();
  const [frame, setFrame] = useState<{ from: Corner; to: Corner } | null>(null);
  const { dots, left, scales } = useMemo(() => {
    const scales = { x: scaleOf(x), y: scaleOf(y) };
    const placed = runs.flatMap((run, index) => {
      const far = scales.x.at(x.places[index] ?? null);
      const high = scales.y.at(y.places[index] ?? null);
      if (far === null || high === null) return [];
      return [
        {
          run,
          index,
          cx: BOX.left + far * (BOX.right - BOX.left),
          cy: BOX.bottom - high * (BOX.bottom - BOX.top),
        },
      ];
    });
    return { dots: placed.sort((a, b) => a.cx - b.cx), left: runs.length - placed.length, scales };
  }, [runs, x, y]);
  const { onKeyDown, said } = usePlotKeys(dots, [x, y], linked);
  const place = (event: PointerEvent): Corner => {
    const box = svg.current?.getBoundingClientRect();
    if (!box || box.width === 0) return { x: 0, y: 0 };
    return {
      x: ((event.clientX - box.left) / box.width) * WIDTH,
      y: ((event.clientY - box.top) / box.height) * HEIGHT,
    };
  };
  const end = () => {
    if (!frame) return;
    const { from, to } = frame;
    setFrame(null);
    const inside = dots.filter(
      ({ cx, cy }) =>
        cx >= Math.min(from.x, to.x) &&
        cx <= Math.max(from.x, to.x) &&
        cy >= Math.min(from.y, to.y) &&
        cy <= Math.max(from.y, to.y),
    );
    if (Math.hypot(to.x - from.x, to.y - from.y) > 4) linked.mark(new Set(inside.map(({ run }) => run.id)));
  };
  const some = linked.forward.size > 0;
  return (
    <figure className={styles.figure} aria-label={t("compare.tab.scatter")}>
      <svg
        ref={svg}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="application"
        aria-roledescription={t("compare.tab.scatter")}
        aria-label={`${x.label}, ${y.label}`}
        aria-describedby={help}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys go from run to run
        tabIndex={0}
        onKeyDown={onKeyDown}
        onBlur={() => linked.point(null)}
        onPointerDown={(e) => {
          const at = place(e);
          setFrame({ from: at, to: at });
        }}
        onPointerMove={(e) => frame && setFrame({ from: frame.from, to: place(e) })}
        onPointerUp={end}
        onPointerLeave={end}
      >
        {scales.x.ticks.map((tick) => {
          const at = BOX.left + tick.at * (BOX.right - BOX.left);
          return (
            <g key={tick.value}>
              <line className={styles.gridLine} x1={at} x2={at} y1={BOX.top} y2={BOX.bottom} />
              <text x={at} y={BOX.bottom + 18} textAnchor="middle">
                {axisText(x, tick.value).slice(0, 16)}
              </text>
            </g>
          );
        })}
        {scales.y.ticks.map((tick) => {
          const at = BOX.bottom - tick.at * (BOX.bottom - BOX.top);
          return (
            <g key={tick.value}>
              <line className={styles.gridLine} x1={BOX.left} x2={BOX.right} y1={at} y2={at} />
              <text x={BOX.left - 10} y={at + 4} textAnchor="end">
                {axisText(y, tick.value).slice(0, 11)}
              </text>
            </g>
          );
        })}
        <text className={styles.axisName} x={BOX.right} y={HEIGHT - 8} textAnchor="end">
          {x.label.slice(0, 80)}
        </text>
        <text className={styles.axisName} x={8} y={16}>
          {y.label.slice(0, 80)}
        </text>
        {dots.map(({ run, cx, cy }) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the plot has the keyboard
          <circle
            key={run.id}
            cx={cx}
            cy={cy}
            r={linked.forward.has(run.id) ? 7 : 5}
            fill={seriesColor(run.id)}
            opacity={some && !linked.forward.has(run.id) ? 0.25 : 0.9}
            className={styles.dot}
            data-marked={linked.marked.has(run.id) || undefined}
            onPointerEnter={() => linked.point(run.id)}
            onPointerLeave={() => linked.point(null)}
            onClick={() => linked.toggle(run.id)}
          >
            <title>{run.name}</title>
          </circle>
        ))}
        {frame && (
          <rect
            className={styles.frame}
            x={Math.min(frame.from.x, frame.to.x)}
            y={Math.min(frame.from.y, frame.to.y)}
            width={Math.abs(frame.to.x - frame.from.x)}
            height={Math.abs(frame.to.y - frame.from.y)}
          />
        )}
      </svg>
      <figcaption id={help} className="quiet">
        {left > 0 && `${t("compare.without", { n: left })}. `}
        {t("compare.keys")}
      </figcaption>
      <span role="status" className="visually-hidden">
        {said}
      </span>
    </figure>
  );
}
