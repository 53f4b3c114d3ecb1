import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SLOTS, slotOf, styles } from "./palette";

type Triple = [number, number, number];
const css = readFileSync("src/shared/tokens.css", "utf8");

function theme(name: "light" | "dark"): { series: string[]; surface: string } {
  const block = css.split(`:root[data-theme="${name}"]`)[1] ?? "";
  const token = (key: string) => new RegExp(`--${key}: (#[0-9a-f]{6});`).exec(block)?.[1] ?? "missing";
  return {
    series: Array.from({ length: SLOTS }, (_, i) => token(`series-${i + 1}`)),
    surface: token("surface-raised"),
  };
}

function linear(hex: string): Triple {
  return [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as Triple;
}

// Machado, Oliveira, Fernandes 2009, severity 1.
const VISION: Record<string, [Triple, Triple, Triple]> = {
  trichromat: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

function oklab([r, g, b]: Triple): Triple {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const dot = (a: Triple, b: Triple) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const seen = (hex: string, matrix: [Triple, Triple, Triple]) => {
  const colour = linear(hex);
  return oklab(matrix.map((row) => Math.min(1, Math.max(0, dot(row, colour)))) as Triple);
};
const luminance = (hex: string) => dot(linear(hex), [0.2126, 0.7152, 0.0722]);
const contrast = (a: string, b: string) => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
};

describe.each(["light", "dark"] as const)("series colours, %s", (name) => {
  const { series, surface } = theme(name);

  it.each(Object.entries(VISION))("stay apart for %s", (_, matrix) => {
    for (let i = 0; i < series.length; i += 1) {
      for (let j = 0; j < i; j += 1) {
        const a = seen(series[i] ?? "", matrix);
        const b = seen(series[j] ?? "", matrix);
        const distance = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
        expect(distance, `${series[i]} and ${series[j]}`).toBeGreaterThan(0.07);
      }
    }
  });

  it("can be seen on the surface", () => {
    for (const colour of series) expect(contrast(colour, surface), colour).toBeGreaterThanOrEqual(3);
  });
});

/** Ids as they are made: their time comes first. */
const ids = Array.from({ length: 30 }, (_, i) => `01a21f${i.toString().padStart(2, "0")}-run`);

it("tells ten runs apart by colour, and more by their dash", () => {
  const all = styles(ids);
  expect(new Set(ids.slice(0, 10).map((id) => all.get(id)?.slot)).size).toBe(10);
  expect(ids.slice(0, 10).every((id) => all.get(id)?.dash.length === 0)).toBe(true);
  const looks = new Set([...all.values()].map((s) => `${s.slot}/${s.dash.join(",")}`));
  expect(looks.size).toBe(30);
});

it("gives a run that stands alone its own colour, and changes none for one that is added", () => {
  for (const id of ids) expect(styles([id]).get(id)).toEqual({ slot: slotOf(id), dash: [] });
  const some = styles(ids.slice(0, 12));
  const all = styles(ids);
  for (const [id, style] of some) expect(all.get(id)).toEqual(style);
});
