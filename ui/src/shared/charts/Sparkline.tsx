import styles from "./charts.module.css";

/** A small line without axes; says its meaning in `label`. Gaps for what is not finite. */
export function Sparkline(props: {
  values: readonly number[];
  label: string;
  width?: number;
  height?: number;
  color?: string;
}) {
  const { values, width = 96, height = 20 } = props;
  const finite = values.filter((v) => Number.isFinite(v));
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  const span = high - low || 1;
  const x = (i: number) => (values.length < 2 ? width / 2 : 1 + (i / (values.length - 1)) * (width - 4));
  const y = (v: number) => height - 2 - ((v - low) / span) * (height - 4);
  let path = "";
  let open = false;
  let end: { x: number; y: number } | null = null;
  values.forEach((v, i) => {
    if (!Number.isFinite(v)) {
      open = false;
      return;
    }
    end = { x: x(i), y: y(v) };
    path += `${open ? "L" : "M"}${end.x.toFixed(1)} ${end.y.toFixed(1)}`;
    open = true;
  });
  const dot = end as { x: number; y: number } | null;
  return (
    <svg className={styles.spark} width={width} height={height} role="img" aria-label={props.label}>
      <title>{props.label}</title>
      <path
        d={path}
        fill="none"
        stroke={props.color ?? "var(--accent)"}
        strokeWidth="1.4"
        strokeLinejoin="round"
      />
      {dot && <circle cx={dot.x} cy={dot.y} r="1.8" fill={props.color ?? "var(--accent)"} />}
    </svg>
  );
}
