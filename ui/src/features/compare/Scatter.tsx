import { type PointerEvent, useId, useMemo, useState } from "react";
import type { RunRow } from "../../bindings/api";
import { Select, Switch } from "../../shared/components";
import { t } from "../../shared/i18n";
import { type Axis, axisText, scaleOf } from "./axes";
import styles from "./compare.module.css";
import type { Linked } from "./linked";
import { ColorBy, NothingToDraw, optionsOf, PlotTable, usePlotKeys, usePlotSize, useRunColors } from "./plot";

/** From the edges of the drawing to the axes. */
const MARGIN = { left: 84, right: 24, top: 36, bottom: 48 };

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
  const [colorId, setColor] = useState("");
  const [asTable, setAsTable] = useState(false);
  const usualX = params.find((axis) => axis.differs && !axis.words) ?? metrics[1] ?? axes[0];
  const x = axes.find((axis) => axis.id === xId) ?? usualX;
  const y = axes.find((axis) => axis.id === yId) ?? metrics[0] ?? axes[1];
  if (!x || !y || axes.length < 2) return <NothingToDraw />;
  const options = optionsOf(axes);
  const color = axes.find((axis) => axis.id === colorId);
  return (
    <div className={styles.column}>
      <div className={styles.bar}>
        <div className={styles.axis}>
          <Select label={t("compare.xAxis")} value={x.id} onChange={setX} options={options} />
        </div>
        <div className={styles.axis}>
          <Select label={t("compare.yAxis")} value={y.id} onChange={setY} options={options} />
        </div>
        <ColorBy axes={axes} by={color} onBy={setColor} />
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
        <Plot runs={runs} x={x} y={y} color={color} linked={linked} />
      )}
    </div>
  );
}

function Plot(props: { runs: readonly RunRow[]; x: Axis; y: Axis; color: Axis | undefined; linked: Linked }) {
  const { runs, x, y, linked } = props;
  const { svg, width, height } = usePlotSize();
  const colors = useRunColors(runs, props.color);
  const box = useMemo(
    () => ({
      left: MARGIN.left,
      right: width - MARGIN.right,
      top: MARGIN.top,
      bottom: height - MARGIN.bottom,
    }),
    [width, height],
  );
  const help = useId();
  const [frame, setFrame] = useState<{ from: Corner; to: Corner } | null>(null);
  const { dots, left, scales } = useMemo(() => {
    const [across, up] = [box.right - box.left, box.bottom - box.top];
    const scales = {
      x: scaleOf(x, Math.max(2, Math.round(across / 140)), true),
      y: scaleOf(y, Math.max(2, Math.round(up / 80)), true),
    };
    const placed = runs.flatMap((run, index) => {
      const far = scales.x.at(x.places[index] ?? null);
      const high = scales.y.at(y.places[index] ?? null);
      if (far === null || high === null) return [];
      return [
        {
          run,
          index,
          cx: box.left + far * across,
          cy: box.bottom - high * up,
        },
      ];
    });
    return { dots: placed.sort((a, b) => a.cx - b.cx), left: runs.length - placed.length, scales };
  }, [runs, x, y, box]);
  const { onKeyDown, said } = usePlotKeys(dots, [x, y], linked);
  const place = (event: PointerEvent): Corner => {
    const drawn = svg.current?.getBoundingClientRect();
    return drawn ? { x: event.clientX - drawn.left, y: event.clientY - drawn.top } : { x: 0, y: 0 };
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
        viewBox={`0 0 ${width} ${height}`}
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
          const at = box.left + tick.at * (box.right - box.left);
          return (
            <g key={tick.value}>
              <line className={styles.gridLine} x1={at} x2={at} y1={box.top} y2={box.bottom} />
              <text x={at} y={box.bottom + 18} textAnchor="middle">
                {axisText(x, tick.value).slice(0, 16)}
              </text>
            </g>
          );
        })}
        {scales.y.ticks.map((tick) => {
          const at = box.bottom - tick.at * (box.bottom - box.top);
          return (
            <g key={tick.value}>
              <line className={styles.gridLine} x1={box.left} x2={box.right} y1={at} y2={at} />
              <text x={box.left - 10} y={at + 4} textAnchor="end">
                {axisText(y, tick.value).slice(0, 11)}
              </text>
            </g>
          );
        })}
        <text className={styles.axisName} x={box.right} y={height - 8} textAnchor="end">
          {x.label.slice(0, 80)}
        </text>
        <text className={styles.axisName} x={8} y={16}>
          {y.label.slice(0, 80)}
        </text>
        {dots.map(({ run, index, cx, cy }) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the plot has the keyboard
          <circle
            key={run.id}
            cx={cx}
            cy={cy}
            r={linked.forward.has(run.id) ? 7 : 5}
            fill={colors[index]}
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
