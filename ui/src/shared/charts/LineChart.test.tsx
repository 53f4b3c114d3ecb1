import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { ChartGroup } from "./group";
import { LineChart } from "./LineChart";
import { languageTag } from "./safeLanguage";
import { plot, roomyEnd, type Series, smooth, tableOf } from "./series";

const series: Series[] = [
  { id: "a", label: "amber", x: [0, 1, 2, 3], y: [1, Number.NaN, Number.POSITIVE_INFINITY, 0.25] },
  { id: "b", label: "blue", x: [1, 3, 5], y: [2, -1, 4] },
];

describe("what is drawn", () => {
  it("leaves a gap for NaN, marks infinities, and tells a gap from no point", () => {
    const p = plot(series);
    expect(p.x).toEqual([0, 1, 2, 3, 5]);
    expect(p.columns[0]).toEqual([1, null, null, 0.25, undefined]);
    expect(p.columns[1]).toEqual([undefined, 2, undefined, -1, 4]);
    expect(p.marks).toEqual([{ series: 0, x: 2, sign: 1 }]);
    expect(plot(series, 0, true).columns[1]).toEqual([undefined, 2, undefined, null, 4]);
  });

  it("has every point of a place, and smooths what is at one place as one", () => {
    const dense = { id: "a", label: "a", x: [1, 1, 1, 2, 2], y: [5, Number.NaN, 7, 1, 3] };
    const sparse = { id: "b", label: "b", x: [1, 2], y: [9, 8] };
    const p = plot([dense, sparse]);
    expect(p.x).toEqual([1, 1, 1, 2, 2]);
    expect(p.columns).toEqual([
      [5, null, 7, 1, 3],
      [9, undefined, undefined, 8, undefined],
    ]);
    expect(tableOf([dense, sparse]).map((row) => [row.x, row.nth, ...row.values])).toEqual([
      [1, 0, 5, 9],
      [1, 1, Number.NaN, undefined],
      [1, 2, 7, undefined],
      [2, 0, 1, 8],
      [2, 1, 3, undefined],
    ]);
    const [a, gap, b, c, d] = smooth(dense.x, dense.y, 0.5);
    expect([a, b, gap]).toEqual([6, 6, Number.NaN]);
    expect(c).toBe(d);
  });

  it("smooths without moving the first point and without filling gaps", () => {
    const s = smooth([0, 1, 2, 3], [10, Number.NaN, 10, 0], 0.6);
    expect(s[0]).toBeCloseTo(10);
    expect(s[1]).toBeNaN();
    expect(s[2]).toBeCloseTo(10);
    expect(s[3]).toBeGreaterThan(0);
    expect(s[3]).toBeLessThan(10);
    expect(plot(series, 0.6).raw).toEqual(plot(series).columns);
  });

  it("smooths as much by each kind: a constant stays, noise is evened out, gaps stay", () => {
    const x = Array.from({ length: 400 }, (_, i) => i);
    const noisy = x.map((i) => 5 + (i % 2 === 0 ? 1 : -1));
    noisy[200] = Number.NaN;
    for (const kind of ["exponential", "mean", "gaussian"] as const) {
      const flat = smooth(x, new Array(400).fill(5), 0.9, kind);
      expect(Math.max(...flat.map((v) => Math.abs(v - 5)))).toBeLessThan(1e-9);
      const s = smooth(x, noisy, 0.9, kind);
      expect(s[200]).toBeNaN();
      expect(Math.abs((s[150] ?? 0) - 5)).toBeLessThan(0.2);
      expect(smooth(x, noisy, 0, kind)).toEqual(noisy);
    }
    // The means are centred: a step stays where it is.
    const step = x.map((i) => (i < 200 ? 0 : 1));
    expect(smooth(x, step, 0.8, "gaussian")[200]).toBeCloseTo(0.5, 0);
    expect(smooth(x, step, 0.8, "mean")[210]).toBe(1);
  });

  it("draws the smooth line that is known of more points, and only while lines are smoothed", () => {
    const known: Series = { id: "a", label: "a", x: [0, 1], y: [0, 1], smoothed: [0.4, 0.5] };
    expect(plot([known], 0.5).columns).toEqual([[0.4, 0.5]]);
    expect(plot([known], 0.5).raw).toEqual([[0, 1]]);
    expect(plot([known], 0).columns).toEqual([[0, 1]]);
  });

  it("smooths some of the points as it smooths all of them", () => {
    const x = Array.from({ length: 1000 }, (_, i) => i);
    const y = x.map((i) => Math.sin(i / 60));
    const some = x.filter((i) => i % 4 === 0);
    for (const kind of ["exponential", "mean", "gaussian"] as const) {
      const whole = smooth(x, y, 0.9, kind);
      const few = smooth(
        some,
        some.map((i) => y[i] ?? 0),
        0.9,
        kind,
        1000,
      );
      const apart = some.map((i, at) => Math.abs((whole[i] ?? 0) - (few[at] ?? 0)));
      expect(Math.max(...apart.slice(20))).toBeLessThan(0.05);
    }
  });

  it("keeps the end of a growing axis still between steps", () => {
    expect(roomyEnd(0, 301)).toBe(roomyEnd(0, 380));
    expect(roomyEnd(0, 301)).toBeGreaterThan(301);
    expect(roomyEnd(5, 5)).toBe(6);
  });
});

it("has a table with every point as it was logged", async () => {
  const user = userEvent.setup({ delay: null });
  render(<LineChart title="loss" series={series} />);
  await user.click(screen.getByRole("button", { name: "Show loss as a table" }));
  const grid = screen.getByRole("grid", { name: "loss, values" });
  const rows = within(grid).getAllByRole("row").slice(1);
  expect(rows).toHaveLength(tableOf(series).length);
  expect(rows[1]?.textContent).toContain("NaN");
  expect(rows[2]?.textContent).toContain("∞");
  expect(rows[4]?.textContent).toBe("5–4");
});

it("reads points by keyboard into a live region and shares the cursor", async () => {
  const user = userEvent.setup({ delay: null });
  render(
    <ChartGroup>
      <LineChart title="loss" series={series.slice(0, 1)} />
      <LineChart title="accuracy" series={[{ id: "a", label: "amber", x: [0, 3], y: [0.5, 0.9] }]} />
    </ChartGroup>,
  );
  const loss = screen.getByRole("figure", { name: "loss" });
  within(loss).getByRole("application").focus();
  await user.keyboard("{End}");
  expect(within(loss).getByRole("status").textContent).toBe("step 3: 0.25");
  const other = screen.getByRole("figure", { name: "accuracy" });
  expect(other.textContent).toContain("step 3");
  await user.keyboard("{ArrowLeft}");
  expect(within(loss).getByRole("status").textContent).toBe("step 2: ∞");
  await user.keyboard("{Home}{ArrowRight}");
  expect(within(loss).getByRole("status").textContent).toBe("step 1: NaN");
  expect(screen.getByText("1 infinite value, marked at the edge · 1 NaN")).toBeTruthy();
});

it("makes a usable language of what WebKitGTK says under LANG=C", () => {
  expect(languageTag("c")).toBe("en");
  expect(languageTag("sv-SE")).toBe("sv-SE");
  expect(languageTag(undefined)).toBe("en");
});
