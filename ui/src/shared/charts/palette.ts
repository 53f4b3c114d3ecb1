// Ten colours that stay apart for people with protanopia and deuteranopia (palette.test.ts
// measures it) and keep 3:1 against the surface of their theme. Beyond ten, dash patterns.
export const LIGHT = [
  "#0b6b62",
  "#d0562b",
  "#3a4fb0",
  "#a8820a",
  "#8e2f7f",
  "#2a8fce",
  "#4f5a1a",
  "#e0568f",
  "#6d7480",
  "#5a2d1c",
] as const;

export const DARK = [
  "#43b8a6",
  "#f28b5b",
  "#8c9cf5",
  "#e3bf4a",
  "#c873bb",
  "#7cc8f7",
  "#8a9a3c",
  "#f7a9c6",
  "#9aa3b0",
  "#b5714f",
] as const;

export const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [10, 3, 2, 3], [12, 5]];

export interface SeriesStyle {
  readonly slot: number;
  readonly dash: readonly number[];
}

/** FNV-1a: the same id has the same slot on every page and after every start. */
export function slotOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i += 1) {
    hash ^= id.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0) % LIGHT.length;
}

/** A style for each id: the colour is the id's own; ids that share one differ by their dash. */
export function styles(ids: readonly string[]): ReadonlyMap<string, SeriesStyle> {
  const used = new Map<number, number>();
  const result = new Map<string, SeriesStyle>();
  for (const id of [...new Set(ids)].sort()) {
    const slot = slotOf(id);
    const nth = used.get(slot) ?? 0;
    used.set(slot, nth + 1);
    result.set(id, { slot, dash: DASHES[nth % DASHES.length] ?? [] });
  }
  return result;
}

export function seriesColor(id: string, dark: boolean): string {
  return (dark ? DARK : LIGHT)[slotOf(id)] ?? LIGHT[0];
}
