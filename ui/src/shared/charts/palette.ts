// Ten colours (tokens `--series-1` … `--series-10`) that stay apart for people with protanopia and
// deuteranopia: palette.test.ts measures it. Beyond ten, dash patterns.

export const SLOTS = 10;
export const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [10, 3, 2, 3], [12, 5]];

export interface SeriesStyle {
  /** 1 to 10. */
  readonly slot: number;
  readonly dash: readonly number[];
  /** Points that no line joins. */
  readonly points?: boolean;
}

/** FNV-1a: the same id has the same slot on every page and after every start. */
export function slotOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i += 1) {
    hash ^= id.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return ((hash >>> 0) % SLOTS) + 1;
}

/**
 * A style for each id: its own colour unless an id before it has that one, then the next that is as free.
 * Up to ten differ by colour, more by their dash too. Ids of ours begin with their time: a run that is
 * added changes none before it.
 */
export function styles(ids: readonly string[]): ReadonlyMap<string, SeriesStyle> {
  const used = Array.from({ length: SLOTS }, () => 0);
  const result = new Map<string, SeriesStyle>();
  for (const id of [...new Set(ids)].sort()) {
    const least = Math.min(...used);
    let slot = slotOf(id);
    while (used[slot - 1] !== least) slot = (slot % SLOTS) + 1;
    used[slot - 1] = least + 1;
    result.set(id, { slot, dash: DASHES[least % DASHES.length] ?? [] });
  }
  return result;
}

/** The same colour with the dash pattern so many further. */
export function dashed(style: SeriesStyle, by: number): SeriesStyle {
  const from = DASHES.indexOf(style.dash);
  return { slot: style.slot, dash: DASHES[(Math.max(from, 0) + by) % DASHES.length] ?? [] };
}

/** The colour of a style for CSS and SVG. */
export function styleColor(style: SeriesStyle | undefined): string {
  return `var(--series-${style?.slot ?? 1})`;
}

/** The colour of an id that stands alone. */
export function seriesColor(id: string): string {
  return `var(--series-${slotOf(id)})`;
}
