// The table's keyboard as a function of what was pressed: no DOM here, so that it is tested alone.

export interface Cursor {
  /** The row with the cursor, -1 before the first key. */
  readonly at: number;
  /** Where a shift range starts. */
  readonly anchor: number;
}

export interface Key {
  readonly key: string;
  readonly shift: boolean;
  readonly ctrl: boolean;
}

export interface Step {
  readonly cursor: Cursor;
  /** Rows of the range to select instead of what was selected, inclusive. */
  readonly range?: readonly [number, number];
  readonly toggle?: number;
  readonly all?: true;
  readonly none?: true;
  readonly open?: number;
}

/** The next step, or null when the key is not for the table. */
export function step(cursor: Cursor, count: number, page: number, pressed: Key): Step | null {
  if (count === 0) return null;
  const { key, shift, ctrl } = pressed;
  const clamp = (n: number) => Math.min(Math.max(n, 0), count - 1);
  const move = (to: number): Step => {
    const at = clamp(to);
    if (!shift) return { cursor: { at, anchor: at } };
    const anchor = cursor.anchor < 0 ? clamp(cursor.at) : cursor.anchor;
    return { cursor: { at, anchor }, range: [Math.min(anchor, at), Math.max(anchor, at)] };
  };
  switch (key) {
    case "ArrowDown":
      return move(cursor.at + 1);
    case "ArrowUp":
      return move(cursor.at < 0 ? count - 1 : cursor.at - 1);
    case "PageDown":
      return move(cursor.at + page);
    case "PageUp":
      return move(cursor.at - page);
    case "Home":
      return move(0);
    case "End":
      return move(count - 1);
    case " ": {
      const at = clamp(cursor.at);
      if (shift && cursor.anchor >= 0)
        return {
          cursor: { at, anchor: cursor.anchor },
          range: [Math.min(cursor.anchor, at), Math.max(cursor.anchor, at)],
        };
      return { cursor: { at, anchor: at }, toggle: at };
    }
    case "Enter":
      return cursor.at < 0 ? null : { cursor, open: cursor.at };
    case "a":
    case "A":
      return ctrl ? { cursor, all: true } : null;
    case "Escape":
      return { cursor, none: true };
    default:
      return null;
  }
}

/** First row at or after `from` (wrapping) whose text starts with what was typed. */
export function typeAhead(
  texts: (index: number) => string,
  count: number,
  from: number,
  typed: string,
): number {
  const wanted = typed.toLocaleLowerCase();
  for (let i = 0; i < count; i += 1) {
    const index = (from + i + count) % count;
    if (texts(index).toLocaleLowerCase().startsWith(wanted)) return index;
  }
  return -1;
}

/** Rows as tab-separated values; tabs and line breaks inside a cell become spaces. */
export function tsv(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => cells.map((cell) => cell.replace(/[\t\r\n]+/g, " ")).join("\t")).join("\n");
}

export type SortValue = number | string | null | undefined;

/** Numbers before text, missing values last whichever the direction. */
export function compare(a: SortValue, b: SortValue, desc: boolean): number {
  const missing = (v: SortValue) =>
    v === null || v === undefined || (typeof v === "number" && Number.isNaN(v));
  if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
  const order =
    typeof a === "number" && typeof b === "number"
      ? a - b
      : typeof a === "number"
        ? -1
        : typeof b === "number"
          ? 1
          : String(a).localeCompare(String(b), undefined, { numeric: true, sensitivity: "base" });
  return desc ? -order : order;
}
