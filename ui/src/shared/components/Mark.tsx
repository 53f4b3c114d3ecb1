/** The mark: a low rock shaped by ice, the beacon that somebody put on it, and its waterline. */
export function Mark(props: { size?: number }) {
  const size = props.size ?? 20;
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path
        fill="var(--accent)"
        d="M1 21.4c4.2-.6 6.6-2.6 9.3-5.2 2.5-2.4 5-4.4 7.9-4.4 3.1 0 4.3 2.3 5.6 4.9 1.3 2.5 3 4.2 7.2 4.7z"
      />
      <path stroke="var(--accent)" strokeWidth="2" strokeLinecap="round" d="M18.6 12.5V6.5" />
      <circle cx="18.6" cy="3.9" r="2.7" fill="var(--accent)" />
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
