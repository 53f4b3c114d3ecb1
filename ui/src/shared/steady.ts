import { type FocusEvent, useCallback, useRef, useState } from "react";

interface InUse {
  onMouseEnter: () => void;
  onMouseLeave: () => void;
  onFocus: () => void;
  onBlur: (event: FocusEvent) => void;
}

/**
 * Rows that do not move under the pointer: while the list is pointed at or has the focus, what stands there
 * keeps its place (with its newest content), what is gone stays as it was last seen, what is new goes to the end.
 */
export function useSteady<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): { rows: readonly Row[]; inUse: InUse } {
  const [held, setHeld] = useState(false);
  const seen = useRef<readonly Row[]>(rows);
  let shown = rows;
  if (held) {
    const newest = new Map(rows.map((row) => [keyOf(row), row]));
    const known = new Set(seen.current.map(keyOf));
    shown = [
      ...seen.current.map((row) => newest.get(keyOf(row)) ?? row),
      ...rows.filter((row) => !known.has(keyOf(row))),
    ];
  }
  seen.current = shown;
  const hold = useCallback(() => setHeld(true), []);
  const letGo = useCallback(() => setHeld(false), []);
  const onBlur = useCallback((event: FocusEvent) => {
    if (!event.currentTarget.contains(event.relatedTarget)) setHeld(false);
  }, []);
  return { rows: shown, inUse: { onMouseEnter: hold, onMouseLeave: letGo, onFocus: hold, onBlur } };
}
