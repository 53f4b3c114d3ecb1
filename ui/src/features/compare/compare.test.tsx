import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { giveLayout } from "../../../tests/layout";
import { axeProblems, renderScreen } from "../../../tests/render";
import type { Comparison, RunsChartQuery } from "../../bindings/api";
import { RUNS } from "../../fixtures/runs";
import { CommandError } from "../../shared/backend";
import { shortId } from "../../shared/format";
import { axesOf, scaleOf, wantsLog } from "./axes";
import { deltaOf } from "./Differences";

giveLayout(400);
const ids = (n: number, from = 1) => RUNS.slice(from, from + n).map((run) => run.id);
const address = (n: number, tab = "") => `/compare?runs=${ids(n).join(",")}${tab ? `&tab=${tab}` : ""}`;
const marked = () =>
  within(screen.getByRole("complementary", { name: "Runs compared" }))
    .getAllByRole("button", { pressed: true })
    .map((b) => b.getAttribute("aria-label"))
    .filter((name) => name?.startsWith("Mark "));

describe("every view", () => {
  it.each([
    [address(5), "val/f1"],
    [address(5, "differences"), "batch_size"],
    [address(5, "scatter"), /Arrow keys go from run to run/],
    [address(5, "parallel"), /Arrow keys go from run to run/],
    [`/compare?runs=${RUNS[1]?.id}`, /add another/],
    ["/compare", "Nothing to compare yet"],
  ])("%s passes axe", async (path, words) => {
    renderScreen(path);
    await screen.findAllByText(words);
    expect(await axeProblems()).toEqual([]);
  });
});

it("smooths the lines of all runs from every point of theirs", async () => {
  const { user, backend } = renderScreen(address(3));
  const slider = await screen.findByRole("slider", { name: "Smoothing" });
  expect(screen.queryByRole("radiogroup", { name: "How lines are smoothed" })).toBeNull();
  fireEvent.change(slider, { target: { value: "0.6" } });
  await user.click(await screen.findByRole("radio", { name: "Gaussian" }));
  await waitFor(() => {
    const asked = backend.calls.filter((c) => c.name === "runs_chart").at(-1)?.args as RunsChartQuery;
    expect(asked.smoothed).toEqual({ smoothing: { kind: "gaussian", weight: 0.6 }, by_time: false });
  });
  expect(await axeProblems()).toEqual([]);
});

it("goes from a selection in the table to the comparison, by key and by button", async () => {
  const { user, router } = renderScreen("/runs");
  await user.click(await screen.findByRole("checkbox", { name: "Select calm-gull-102" }));
  await user.click(screen.getByRole("checkbox", { name: "Select dune-plover-103" }));
  expect(screen.getByRole("button", { name: "Compare" })).toBeTruthy();
  act(() => screen.getByRole("grid").focus());
  await user.keyboard("c");
  await screen.findByRole("heading", { name: "Compare runs" });
  expect(router.state.location.search).toEqual({ runs: `${RUNS[2]?.id},${RUNS[3]?.id}` });
});

it("compares the best values of metrics, which are asked for only then", async () => {
  const { user, backend } = renderScreen(address(3, "differences"));
  const header = { name: "val/f1" };
  await screen.findByRole("rowheader", header);
  const row = () => screen.queryByRole("rowheader", header)?.closest("tr")?.textContent ?? "";
  const last = row();
  const asked = () => backend.calls.filter((call) => call.name === "runs_best").map((call) => call.args);
  expect(asked()).toEqual([]);
  await user.click(screen.getByRole("radio", { name: "Smallest" }));
  // It begins at 0.33 in each run.
  await waitFor(() => expect(row()).toMatch(/^val\/f10\.3/));
  expect(row()).not.toBe(last);
  expect(asked()).toEqual([{ run_ids: ids(3), best: "min" }]);
  expect(await axeProblems()).toEqual([]);
  await user.click(screen.getByRole("radio", { name: "Last values" }));
  await waitFor(() => expect(row()).toBe(last));
});

it("shows only what differs until all is wanted, with deltas to the chosen baseline, and copies it", async () => {
  const { user, router } = renderScreen(address(3, "differences"));
  const table = await screen.findByRole("table");
  expect(within(table).queryByRole("rowheader", { name: "project" })).toBeNull();
  await user.click(screen.getByRole("switch", { name: "Only what differs" }));
  expect(within(table).getByRole("rowheader", { name: "project" })).toBeTruthy();
  const third = RUNS[3]?.name ?? "";
  await user.click(screen.getByRole("button", { name: `Baseline: ${third}` }));
  await waitFor(() => expect(router.state.location.search).toMatchObject({ base: RUNS[3]?.id }));
  expect(within(table).getByRole("columnheader", { name: /Baseline/ }).textContent).toContain(third);
  const accuracy = within(table).getByRole("rowheader", { name: "accuracy" }).closest("tr");
  expect(accuracy?.querySelectorAll("small")).toHaveLength(2);
  const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
  await user.click(screen.getByRole("button", { name: "Copy as TSV" }));
  const lines = String(write.mock.calls[0]?.[0]).split("\n");
  expect(lines[0]?.split("\t").slice(2)).toEqual(RUNS.slice(1, 4).map((run) => run.name));
  expect(lines.some((line) => line.startsWith("Params\tbatch_size\t"))).toBe(true);
});

it("links what is marked through legend, scatter and table", async () => {
  const { user } = renderScreen(address(4, "scatter"));
  const plot = await screen.findByRole("application");
  act(() => plot.focus());
  fireEvent.keyDown(plot, { key: "ArrowRight" });
  fireEvent.keyDown(plot, { key: " " });
  await waitFor(() => expect(marked()).toHaveLength(1));
  const name = marked()[0]?.replace("Mark ", "") ?? "";
  await user.click(screen.getByRole("tab", { name: "Parallel coordinates" }));
  await user.click(await screen.findByRole("switch", { name: "As a table" }));
  const row = await screen.findByRole("row", { name: new RegExp(name) });
  expect(row.getAttribute("aria-selected")).toBe("true");
  await user.click(screen.getByRole("button", { name: "Unmark all" }));
  expect(marked()).toEqual([]);
});

it("takes runs out, keeps only marked ones, and adds one by its name", async () => {
  const { user, router } = renderScreen(address(4));
  const runs = () => String((router.state.location.search as { runs?: string }).runs).split(",");
  await user.click(await screen.findByRole("button", { name: `Remove ${RUNS[2]?.name}` }));
  await waitFor(() => expect(runs()).toEqual([RUNS[1]?.id, RUNS[3]?.id, RUNS[4]?.id]));
  await user.click(await screen.findByRole("button", { name: `Mark ${RUNS[3]?.name}` }));
  await user.click(screen.getByRole("button", { name: "Keep only marked" }));
  await screen.findByText(/add another/);
  await user.click(screen.getByRole("button", { name: "Add run" }));
  await user.type(await screen.findByRole("searchbox", { name: "Find a run by name" }), "heron-111");
  await user.click(await screen.findByRole("button", { name: /heron-111/ }));
  await waitFor(() => expect(runs()).toEqual([RUNS[3]?.id, RUNS[11]?.id]));
});

it("compares the others when one run is gone, and offers to take it out", async () => {
  const gone = "f".repeat(32);
  const { user, router } = renderScreen(`/compare?runs=${[...ids(2), gone].join(",")}`);
  await screen.findByText("1 run is not here any more");
  await screen.findByRole("tab", { name: /Charts/ });
  await user.click(screen.getByRole("button", { name: "Take them out" }));
  await waitFor(() => expect(router.state.location.search).toEqual({ runs: ids(2).join(",") }));
});

it("says why it failed, and reads again on request", async () => {
  let broken = true;
  const whole: Comparison = { runs: RUNS.slice(1, 3), facts: [], metrics: [], more: false };
  const { user } = renderScreen(address(2), {
    runs_compare: () => {
      if (broken) throw new CommandError({ code: "store_corrupt", message: "Damaged." });
      return whole;
    },
  });
  await screen.findByText("The store is damaged");
  broken = false;
  await user.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByText("These runs logged no metrics");
});

it("tells runs of the same name apart by their id", async () => {
  const runs = RUNS.slice(1, 3).map((run) => ({ ...run, name: "penguins" }));
  renderScreen(address(2), {
    runs_compare: (): Comparison => ({ runs, facts: [], metrics: [], more: false }),
  });
  for (const run of runs) await screen.findByRole("link", { name: `penguins · ${shortId(run.id)}` });
});

it("holds with 200 runs", async () => {
  const { backend } = renderScreen(address(205));
  await screen.findByText("205 runs were asked for; the first 200 are compared");
  await waitFor(() => {
    const args = backend.calls.find((call) => call.name === "runs_chart")?.args;
    const { run_ids, max_points } = (args ?? { run_ids: [], max_points: 0 }) as RunsChartQuery;
    // Some are queued and have logged nothing; all lines together stay within bounds.
    expect(run_ids.length).toBeGreaterThan(150);
    expect(max_points).toBeLessThan(200);
  });
});

it("places numbers, words and powers of ten", () => {
  const data: Comparison = {
    runs: RUNS.slice(0, 3),
    facts: [
      { group: "param", key: "lr", differs: true, values: ["0.1", "0.001", null] },
      { group: "param", key: "opt", differs: true, values: ["sgd", "adam", "sgd"] },
      { group: "tag", key: "team", differs: true, values: ["a", "b", "c"] },
    ],
    metrics: [],
    more: false,
  };
  const [lr, opt, ...others] = axesOf(data);
  expect(others).toEqual([]);
  expect(opt?.words).toEqual(["adam", "sgd"]);
  expect(lr && wantsLog(lr)).toBe(true);
  const scale = lr && scaleOf(lr);
  expect(scale?.at(0.01)).toBeCloseTo(0.5);
  expect(scale?.at(null)).toBeNull();
});

it("stands between round values where nothing may be on the edge", () => {
  const axis = (places: (number | null)[], words: string[] | null = null) => ({
    id: "metrics.a",
    label: "a",
    places,
    words,
    differs: true,
  });
  const scale = scaleOf(axis([0.723, 0.9779]), 4, true);
  expect(scale.ticks.map((tick) => tick.value)).toEqual([0.7, 0.8, 0.9, 1]);
  expect(scale.at(0.7)).toBeCloseTo(0);
  expect(scale.at(1)).toBeCloseTo(1);
  const ends = scaleOf(axis([0, 1], ["adam", "sgd"]), 4, true);
  expect(ends.at(0)).toBeGreaterThan(0);
  expect(ends.at(1)).toBeLessThan(1);
  // Where powers of ten leave much room, what is between them is marked too.
  const powers = scaleOf(axis([1e-4, 1e-2]), 12);
  expect(powers.ticks.map((tick) => tick.value)).toEqual([1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2]);
  expect(scaleOf(axis([1e-4, 1e-2]), 4).ticks).toHaveLength(3);
});

it("colors runs by a value, and says what the colors mean", async () => {
  const { user } = renderScreen(address(5, "scatter"));
  const plot = await screen.findByRole("application");
  const fills = () => [...plot.querySelectorAll("circle")].map((dot) => dot.getAttribute("fill") ?? "");
  expect(fills().every((fill) => fill.startsWith("var(--series-"))).toBe(true);
  await user.click(screen.getByRole("button", { name: /^Color|Color$/ }));
  await user.click(await screen.findByRole("option", { name: /seed/ }));
  await waitFor(() => expect(fills().every((fill) => fill.startsWith("color-mix("))).toBe(true));
  expect(new Set(fills()).size).toBe(5);
  expect(await axeProblems()).toEqual([]);
});

it("finds runs in its list and axes in theirs", async () => {
  const { user } = renderScreen(address(20, "parallel"));
  const list = await screen.findByRole("complementary", { name: "Runs compared" });
  await user.type(within(list).getByRole("searchbox", { name: "Find among these" }), "calm-gull");
  await waitFor(() => expect(within(list).getAllByRole("listitem")).toHaveLength(2));
  await user.click(await screen.findByRole("button", { name: "Axes" }));
  const axes = await screen.findByRole("dialog", { name: "Axes" });
  await user.type(within(axes).getByRole("searchbox"), "f1");
  await waitFor(() => expect(within(axes).getAllByRole("checkbox")).toHaveLength(1));
  const plot = screen.getByRole("application", { hidden: true });
  expect(plot.getAttribute("aria-label")).not.toContain("val/f1");
  await user.click(within(axes).getByRole("checkbox", { name: "val/f1" }));
  await waitFor(() => expect(plot.getAttribute("aria-label")).toContain("val/f1"));
});

it("tells how far a value is from the baseline", () => {
  expect(deltaOf(0.75, 0.5)).toBe("+0.25 (+50%)");
  expect(deltaOf(1, 2)).toBe("−1 (−50%)");
  expect(deltaOf(3, 0)).toBe("+3");
  expect(deltaOf(Number.NaN, 1)).toBeNull();
  expect(deltaOf(undefined, 1)).toBeNull();
});
