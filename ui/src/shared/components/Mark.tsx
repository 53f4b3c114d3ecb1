/** The mark: a skerry above its waterline, and what the water gives back of it. */
export function Mark(props: { size?: number }) {
  const size = props.size ?? 20;
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path fill="var(--accent)" d="M1.5 20.5 8 12l3 2.4 6-10 4.5 6.6 2.4-1.4 6.6 10.9z" />
      <path
        stroke="var(--accent)"
        strokeOpacity="0.62"
        strokeWidth="2.2"
        strokeLinecap="round"
        d="M5 25h22M11 29.4h10"
      />
    </svg>
  );
}
