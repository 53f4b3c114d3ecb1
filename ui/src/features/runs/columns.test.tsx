import { act, screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { giveLayout } from "../../../tests/layout";
import { axeProblems, renderScreen } from "../../../tests/render";
import type { RunQuery, RunRow } from "../../bindings/api";
import { bestOf, withColumns } from "../../fixtures/charts";
import { RUNS } from "../../fixtures/runs";
import { shortValue } from "../../shared/charts";
import { columnNumber, metricColumn, metricColumnId } from "./metricColumns";
import { runsCsv } from "./runsCsv";
import { orderOf, sortOf } from "./values";

giveLayout(192);

it("chooses, moves and pins columns by keyboard, and keeps them", async () => {
  const first = renderScreen("/runs");
  const { user } = first;
  await screen.findByText("amber-tern-100");
  const headers = () => screen.getAllByRole("columnheader", { hidden: true }).map((h) => h.textContent ?? "");
  await user.click(screen.getByRole("button", { name: "Columns" }));
  const dialog = await screen.findByRole("dialog", { name: "Columns shown" });
  expect(await axeProblems()).toEqual([]);
  await user.click(within(dialog).getByRole("checkbox", { name: "batch_size" }));
  await user.click(within(dialog).getByRole("checkbox", { name: "team" }));
  await user.click(within(dialog).getByRole("checkbox", { name: "Machine" }));
  expect(headers().some((h) => h.startsWith("Machine"))).toBe(false);
  act(() => within(dialog).getByRole("button", { name: "Pin up to Experiment" }).focus());
  await user.keyboard("{Alt>}{ArrowUp}{/Alt}");
  // The focus went along.
  expect(document.activeElement?.closest("li")?.textContent).toContain("Experiment");
  await user.click(within(dialog).getByRole("button", { name: "Pin up to Experiment" }));
  expect(within(dialog).getByRole("button", { name: "Unpin from Experiment" })).toBeTruthy();
  await user.keyboard("{Escape}");
  first.unmount();
  renderScreen("/runs");
  await screen.findByText("amber-tern-100");
  const names = screen.getAllByRole("columnheader").slice(1, 4);
  expect(names.map((h) => h.textContent)).toEqual([
    expect.stringContaining("Name"),
    expect.stringContaining("Experiment"),
    expect.stringContaining("Status"),
  ]);
  expect(names.map((h) => h.hasAttribute("data-pinned"))).toEqual([true, true, false]);
  expect(headers().at(-2)).toContain("team");
});

it("finds one of thousands of metrics to be a column", async () => {
  localStorage.clear();
  const metrics = Array.from({ length: 3000 }, (_, i) => `layer/${i}/norm`);
  const { user } = renderScreen("/runs", { run_keys: () => ({ metrics, params: [], tags: [] }) });
  await screen.findByText("amber-tern-100");
  await user.click(screen.getByRole("button", { name: "Columns" }));
  const dialog = await screen.findByRole("dialog", { name: "Columns shown" });
  within(dialog).getByText("2,800 more: find them by name");
  await user.type(within(dialog).getByRole("searchbox", { name: "Find a column" }), "R/2999/");
  await waitFor(() => expect(within(dialog).getAllByRole("checkbox")).toHaveLength(1));
  expect(within(dialog).getAllByText("Nothing is called that")).toHaveLength(3);
  expect(await axeProblems()).toEqual([]);
  await user.click(within(dialog).getByRole("checkbox", { name: "layer/2999/norm" }));
  await waitFor(() => expect(within(dialog).getByRole("list").textContent).toContain("layer/2999/norm"));
});

it("shows a metric by its last, its best and its value at a step, read with the rows", async () => {
  localStorage.clear();
  const { user, backend } = renderScreen("/runs");
  await screen.findByText("amber-tern-100");
  const asked = () =>
    backend.calls
      .flatMap((c) => (c.name === "runs_search" ? [c.args as RunQuery] : []))
      .findLast((q) => q.limit > 1);
  await user.click(screen.getByRole("button", { name: "Columns" }));
  const dialog = await screen.findByRole("dialog", { name: "Columns shown" });
  const others = within(dialog).getByRole("button", { name: "Other values of accuracy" });
  expect(others.getAttribute("aria-expanded")).toBe("false");
  act(() => others.focus());
  await user.keyboard("{Enter}");
  expect(others.getAttribute("aria-expanded")).toBe("true");
  const group = within(dialog).getByRole("group", { name: "Other values of accuracy" });
  await user.click(within(group).getByRole("checkbox", { name: "Largest" }));
  const step = within(group).getByRole("textbox", { name: "Step at which accuracy is shown" });
  await user.type(step, "1.5{Enter}");
  expect(within(group).getByRole("alert").textContent).toBe("A step is a whole number.");
  await user.clear(step);
  await user.type(step, "1000{Enter}");
  await within(group).findByRole("checkbox", { name: "At step 1000" });
  expect(await axeProblems()).toEqual([]);
  await user.keyboard("{Escape}");

  const ids = ["metrics_max.accuracy", "metrics_at.1000.accuracy"];
  await waitFor(() =>
    expect(asked()?.columns).toEqual(["metrics.accuracy", ...ids, "metrics.loss", "metrics.lr"]),
  );
  const run = RUNS.find((each) => each.name === "blue-heron-101") as RunRow;
  const row = screen.getByText("blue-heron-101").closest<HTMLElement>("[role=row]") as HTMLElement;
  const values = ids.map((id) => columnNumber(withColumns(run, ids), id));
  expect(values[0]).toBe(bestOf(run, "accuracy", "max"));
  // The exact value is told where the pointer is, and nowhere else.
  for (const [value, title] of [
    [values[0], String(values[0])],
    [values[1], `${values[1]} at step 1000`],
  ] as const) {
    const told: boolean[] = [];
    for (const cell of await within(row).findAllByText(shortValue(value, "en"))) {
      await user.hover(cell);
      told.push(within(row).queryByTitle(title) !== null);
    }
    expect(told).toContain(true);
  }
});

it("says in the header what is shown and whether it can be sorted by, and keeps it in a view", async () => {
  const ids = ["metrics_max.accuracy", "metrics_at.1000.accuracy"];
  localStorage.setItem("skerry.runs.layout", JSON.stringify(ids));
  const { user, backend } = renderScreen("/runs");
  await screen.findByText("amber-tern-100");
  const at = screen.getByRole("columnheader", { name: /^accuracy @ 1000/ });
  expect(at.title).toContain("at the last step before");
  expect(at.title).toContain("cannot be sorted by");
  expect(within(at).queryByRole("button")).toBeNull();
  expect(at.hasAttribute("aria-sort")).toBe(false);
  const max = screen.getByRole("columnheader", { name: /^accuracy max/ });
  expect(max.title).toBe("Largest value of accuracy; NaN does not count.");
  await user.click(within(max).getByRole("button", { name: "accuracy max" }));
  const sorted = /^metrics_max\.`accuracy` (ASC|DESC)$/;
  await waitFor(() =>
    expect(
      backend.calls.some(
        (c) => c.name === "runs_search" && sorted.test((c.args as RunQuery).order_by[0] ?? ""),
      ),
    ).toBe(true),
  );
  expect(await axeProblems()).toEqual([]);
  await user.click(screen.getByRole("button", { name: /All runs/ }));
  await user.click(await screen.findByRole("menuitem", { name: "Save as a view…" }));
  await user.type(await screen.findByRole("textbox", { name: "Name of the view" }), "Peaks{Enter}");
  await waitFor(() =>
    expect(backend.calls.find((c) => c.name === "run_view_save")?.args).toMatchObject({
      columns: ids,
      order_by: [expect.stringMatching(sorted)],
    }),
  );
});

it("reads what a column shows from its id, whatever the metric is called", () => {
  for (const id of ["metrics.a.b", "metrics_min.val/f1", "metrics_max. x", "metrics_at.-7.0.5"]) {
    const column = metricColumn(id);
    expect(column && metricColumnId(column)).toBe(id);
  }
  expect(metricColumn("metrics_at.-7.0.5")).toEqual({ key: "0.5", of: "at", step: -7 });
  for (const id of ["metrics_at.x.loss", "params.lr", "metrics_sum.loss"])
    expect(metricColumn(id)).toBeNull();
  const sort = { id: "metrics_min.val/f1", desc: false };
  expect(sortOf(orderOf(sort))).toEqual(sort);
  expect(sortOf(["metrics_at.`7.loss` ASC"])).toBeNull();
});

it("writes into a file what is seen", async () => {
  const ids = ["metrics_max.loss", "metrics_at.61.loss", "metrics_at.-1.loss", "metrics_min.none"];
  const run = withColumns(RUNS[1] as RunRow, ids);
  const csv = runsCsv(ids);
  csv.add([run]);
  const [head, line] = (await csv.file().text()).split("\r\n");
  expect(head).toBe(`run_id,run_name,${ids.join(",")}`);
  expect(line).toBe(`${run.id},${run.name},Infinity,NaN,,`);
});
