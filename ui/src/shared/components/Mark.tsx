/** The mark: a low rock shaped by ice, the beacon that somebody put on it, and its waterline. */
export function Mark(props: { size?: number }) {
  const size = props.size ?? 20;
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path
        fill="var(--accent)"
        d="M.8 21.4c2.9-.2 4.4-1.9 6.2-3.9 1.4-1.5 2.8-2.3 4.3-1.5 1.2.6 2 .5 3.3-.8 1.7-1.7 3.5-3.1 5.8-3.1 3 0 4.3 2.9 5.6 5.3 1.1 2 2.8 3.6 5.2 4z"
      />
      <path stroke="var(--accent)" strokeWidth="1.5" d="M20.4 12.6V6.2" />
      <circle cx="20.4" cy="4.4" r="1.9" fill="var(--accent)" />
      <path
        stroke="var(--accent)"
        strokeOpacity="0.6"
        strokeWidth="2.2"
        strokeLinecap="round"
        d="M4.5 25.3h23M11 29.6h11"
      />
    </svg>
  );
}
