import styles from "./Soundings.module.css";

/** Depth lines around a skerry, as on a sea chart. Drawn once, never moving: ground, not figure. */
export function Soundings() {
  return (
    <svg
      className={styles.soundings}
      viewBox="0 0 800 600"
      preserveAspectRatio="xMaxYMid slice"
      aria-hidden="true"
    >
      <g fill="none" stroke="currentColor">
        {LINES.map((line, index) => (
          <path key={line} d={line} strokeOpacity={0.9 - index * 0.105} strokeWidth={index === 0 ? 1.6 : 1} />
        ))}
      </g>
      <path className={styles.land} d={LINES[0]} />
    </svg>
  );
}

/** A closed smooth line at a distance from the rock; the rock is a few harmonics around its centre. */
function contour(distance: number): string {
  const points = Array.from({ length: 72 }, (_, index) => {
    const angle = (index / 72) * Math.PI * 2;
    const calm = 1 / (1 + distance / 90);
    const rock =
      46 +
      calm *
        (15 * Math.cos(2 * angle + 0.6) +
          11 * Math.cos(3 * angle - 1.1) +
          6 * Math.sin(5 * angle) +
          4 * Math.sin(9 * angle + 2));
    const drift = distance * (1 + 0.24 * Math.cos(angle - 0.7) + 0.13 * Math.cos(2 * angle + 1.9));
    const radius = rock + drift;
    return [520 + radius * 1.42 * Math.cos(angle), 300 + radius * Math.sin(angle)] as const;
  });
  const at = (index: number) => points[(index + points.length) % points.length] ?? [0, 0];
  const middle = (a: number, b: number) => {
    const [ax, ay] = at(a);
    const [bx, by] = at(b);
    return `${((ax + bx) / 2).toFixed(1)} ${((ay + by) / 2).toFixed(1)}`;
  };
  const curve = points.map(
    (_, index) =>
      `Q${at(index)
        .map((n) => n.toFixed(1))
        .join(" ")} ${middle(index, index + 1)}`,
  );
  return `M${middle(-1, 0)}${curve.join("")}Z`;
}

const LINES = [0, 16, 36, 62, 96, 138, 190, 254].map(contour);
