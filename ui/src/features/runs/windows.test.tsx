import { act, fireEvent, renderHook, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { giveLayout } from "../../../tests/layout";
import { renderScreen } from "../../../tests/render";
import type { RunQuery } from "../../bindings/api";
import { manyRuns } from "../../fixtures/runs";
import { BackendProvider } from "../../shared/backend";
import { fakeBackend } from "../../shared/backend/fake";
import { SCROLL_MS, useRunWindows } from "./useRunWindows";

giveLayout(640);
const ROW = 32;

async function open(count: number) {
  const { add, ...handlers } = manyRuns(count);
  const screenOf = renderScreen("/runs", handlers);
  await screen.findByText("amber-tern-0");
  const asked = () =>
    screenOf.backend.calls
      .filter((c) => c.name === "runs_search")
      .map((c) => c.args as RunQuery)
      .filter((q) => q.limit > 1);
  const scrollTo = (row: number) => {
    const scroller = screen.getByRole("grid").parentElement as HTMLElement;
    scroller.scrollTop = row * ROW;
    fireEvent.scroll(scroller);
  };
  const emit = () => act(() => screenOf.backend.emit({ topics: ["runs"], id: null }));
  return { ...screenOf, add, asked, scrollTo, emit };
}

/** The rows alone, with a clock and a pause of the hand that the test moves on. */
async function hook() {
  let rests: (() => void)[] = [];
  let now = 1_000_000;
  const timer = globalThis.setTimeout;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((run: () => void, after?: number) =>
    after === SCROLL_MS ? rests.push(run) : timer(run, after)) as typeof setTimeout);
  const backend = fakeBackend(manyRuns(100_000));
  const wanted: Parameters<typeof useRunWindows>[0] = {
    filter: "",
    order_by: ["attributes.start_time DESC"],
    experiment: null,
    machine_id: null,
    stage: "active",
  };
  const columns: string[] = [];
  const { result } = renderHook(() => useRunWindows(wanted, columns, false), {
    wrapper: ({ children }) => <BackendProvider backend={backend}>{children}</BackendProvider>,
  });
  act(() => result.current.table.onRange(0, 20));
  await waitFor(() => expect(result.current.table.total).toBe(100_000));
  const rest = () =>
    act(() => {
      const due = rests;
      rests = [];
      for (const run of due) run();
    });
  rest();
  const asked = () => {
    const searches = backend.calls.filter((c) => c.name === "runs_search");
    return [...new Set(searches.map((c) => (c.args as RunQuery).offset))].sort((a, b) => a - b);
  };
  const calls = () => backend.calls.filter((c) => c.name === "runs_search").length;
  const news = () => act(() => backend.emit({ topics: ["runs"], id: null }));
  return { result, rest, asked, calls, news, later: (ms: number) => (now += ms) };
}

afterEach(() => vi.restoreAllMocks());

describe("a hundred thousand runs", () => {
  it("asks for the windows in view and for no other", async () => {
    const { asked, scrollTo } = await open(100_000);
    const grid = screen.getByRole("grid", { name: "Runs" });
    expect(grid.getAttribute("aria-rowcount")).toBe("100001");
    expect(asked().map((q) => q.offset)).toEqual([0]);
    scrollTo(10_000);
    scrollTo(30_000);
    scrollTo(70_040);
    // Until they are there, the rows have their place.
    expect(screen.getAllByText("Reading this row").length).toBeGreaterThan(10);
    await screen.findByText("amber-tern-70040");
    expect(asked().map((q) => q.offset)).toEqual([0, 70_000]);
    expect(screen.queryByText("Reading this row")).toBeNull();
    expect(screen.getAllByRole("row").length).toBeLessThan(80);
  });

  it("reads what is scrolled to while the first rows are being drawn", async () => {
    const { result, rest } = await hook();
    act(() => result.current.table.onRange(70_040, 70_060));
    rest();
    await waitFor(() => expect(result.current.table.at(70_040)?.name).toBe("amber-tern-70040"));
  });

  it("reads ahead of the hand, whichever way it goes", async () => {
    const { result, rest, asked, later } = await hook();
    act(() => result.current.table.onRange(40, 60));
    later(80);
    rest();
    act(() => result.current.table.onRange(100, 120));
    later(80);
    rest();
    await waitFor(() => expect(asked()).toEqual([0, 100, 200]));
    // Going back, what lies before.
    act(() => result.current.table.onRange(810, 829));
    later(1_000);
    rest();
    later(80);
    rest();
    act(() => result.current.table.onRange(770, 789));
    later(80);
    rest();
    await waitFor(() => expect(asked()).toEqual([0, 100, 200, 600, 700, 800, 900]));
  });

  it("reads nothing again while it moves, and once it rests what is in view", async () => {
    const { result, rest, asked, calls, news, later } = await hook();
    for (const first of [40, 80, 110]) {
      act(() => result.current.table.onRange(first, first + 20));
      later(80);
      rest();
    }
    await waitFor(() => expect(asked()).toEqual([0, 100, 200]));
    await waitFor(() => expect(result.current.table.at(250)).toBeTruthy());
    const before = calls();
    news();
    later(80);
    expect(calls()).toBe(before);
    rest();
    await waitFor(() => expect(calls()).toBeGreaterThan(before));
  });

  it("keeps the cursor and the selection over rows that are not read", async () => {
    const { user, asked, scrollTo } = await open(100_000);
    act(() => screen.getByRole("grid").focus());
    await user.keyboard(" {End}");
    expect(screen.getByRole("grid").getAttribute("aria-activedescendant")).toMatch(/-99999$/);
    scrollTo(99_980);
    await screen.findByText("jade-teal-99999");
    expect(asked().map((q) => q.offset)).toEqual([0, 99_900]);
    await user.keyboard("{Home}");
    scrollTo(0);
    const first = await screen.findByRole("row", { name: /amber-tern-0/ });
    expect(first.getAttribute("aria-selected")).toBe("true");
    await user.keyboard("{Control>}a{/Control}");
    // Once in the toolbar, once at the foot.
    expect(await screen.findAllByText("1,000 selected")).toHaveLength(2);
    await screen.findByText(/The first 1,000 of them are selected/);
  });
});

describe("rows that come while the table is in use", () => {
  it("stay behind a bar until they are asked for", async () => {
    const { user, add, emit } = await open(300);
    const names = () => screen.getAllByRole("rowheader").map((r) => r.textContent);
    const before = names();
    await user.hover(screen.getByText("amber-tern-0"));
    add();
    add();
    emit();
    const bar = await screen.findByRole("button", { name: "Show 2 new runs" });
    expect(names()).toEqual(before);
    expect(screen.getByRole("grid").getAttribute("aria-rowcount")).toBe("301");
    await user.click(bar);
    await screen.findByText("new-301");
    expect(names().slice(0, 3)).toEqual(["new-301", "new-300", "amber-tern-0"]);
    expect(screen.queryByRole("button", { name: /new run/ })).toBeNull();
  });

  it("are let in at once when nobody is there, and many events are one call", async () => {
    const { add, emit, asked } = await open(300);
    const before = asked().length;
    add();
    for (let i = 0; i < 20; i += 1) emit();
    await screen.findByText("new-300");
    // The first event is a call, all others together are one more.
    await waitFor(() => expect(asked().length).toBe(before + 2), { timeout: 60_000 });
  });
});

it("goes to the top of what a filter finds, and has the order in the address", async () => {
  const { user, scrollTo, asked, router } = await open(5_000);
  scrollTo(2_000);
  await screen.findByText("amber-tern-2000");
  await user.type(screen.getByRole("searchbox", { name: "Filter runs" }), "heron{Enter}");
  const scroller = screen.getByRole("grid").parentElement as HTMLElement;
  await waitFor(() => expect(scroller.scrollTop).toBe(0), { timeout: 60_000 });
  fireEvent.scroll(scroller);
  await screen.findByText("blue-heron-1");
  const found = asked().filter((q) => q.filter === "attributes.run_name ILIKE '%heron%'");
  expect(found.map((q) => q.offset)).toEqual([0]);
  const header = screen.getByRole("columnheader", { name: /accuracy/ });
  await user.click(within(header).getByRole("button"));
  await waitFor(() => expect(asked().at(-1)).toMatchObject({ order_by: ["metrics.`accuracy` DESC"] }));
  expect(router.state.location.search).toMatchObject({ order: "metrics.`accuracy` DESC" });
});
