import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync("src/shared/tokens.css", "utf8");

function tokens(theme: "light" | "dark"): Map<string, string> {
  const block = new RegExp(`\\[data-theme="${theme}"\\]\\s*\\{([^}]*)\\}`).exec(css)?.[1];
  if (!block) throw new Error(`no ${theme} theme`);
  return new Map(
    [...block.matchAll(/--([a-z0-9-]+):\s*(#[0-9a-f]{6});/g)].map((m) => [m[1] ?? "", m[2] ?? ""]),
  );
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const SURFACES = [
  "surface-rail",
  "surface-page",
  "surface-raised",
  "surface-sunk",
  "surface-float",
  "surface-hover",
  "surface-selected",
];
const KINDS = ["good", "notice", "bad", "busy"];

/** [front, back, least contrast by WCAG 2.2 AA: 4.5 for text, 3 for what only has to be seen] */
const PAIRS: [string, string, number][] = [
  ...SURFACES.flatMap((surface): [string, string, number][] => [
    ["text", surface, 4.5],
    ["text-2", surface, 4.5],
    ["text-3", surface, 4.5],
    ["accent-text", surface, 4.5],
    ["focus", surface, 3],
    ["line-field", surface, 3],
  ]),
  ...KINDS.flatMap((kind): [string, string, number][] => [
    [`${kind}-text`, `${kind}-tint`, 4.5],
    ["text", `${kind}-tint`, 4.5],
    ["text-2", `${kind}-tint`, 4.5],
    ["text-3", `${kind}-tint`, 4.5],
    ...SURFACES.map((surface): [string, string, number] => [`${kind}-text`, surface, 4.5]),
  ]),
  ["text", "accent-tint", 4.5],
  ["text-2", "accent-tint", 4.5],
  ["accent-text", "accent-tint", 4.5],
  ["on-accent", "accent", 4.5],
  ["on-accent", "accent-hover", 4.5],
  ["on-danger", "danger", 4.5],
  ["on-danger", "danger-hover", 4.5],
  ["accent", "surface-page", 3],
  ["accent", "surface-raised", 3],
  ["chart-axis", "surface-raised", 4.5],
  ["scale-low", "surface-raised", 3],
  ["scale-high", "surface-raised", 3],
  // A tooltip is a page turned inside out.
  ["surface-page", "text", 4.5],
];

describe.each(["light", "dark"] as const)("%s theme", (theme) => {
  const colours = tokens(theme);
  const of = (name: string): string => {
    const value = colours.get(name);
    if (!value) throw new Error(`${theme} has no --${name}`);
    return value;
  };

  it("keeps WCAG AA on every surface", () => {
    const poor = PAIRS.map(([front, back, least]) => ({
      front,
      back,
      least,
      is: contrast(of(front), of(back)),
    }))
      .filter(({ is, least }) => is < least)
      .map(({ front, back, least, is }) => `${front} on ${back}: ${is.toFixed(2)}, needs ${least}`);
    expect(poor).toEqual([]);
  });

  it("is a design of its own, with every token of the other", () => {
    const other = tokens(theme === "light" ? "dark" : "light");
    expect([...colours.keys()].sort()).toEqual([...other.keys()].sort());
  });
});

it("measures as WCAG does", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});
