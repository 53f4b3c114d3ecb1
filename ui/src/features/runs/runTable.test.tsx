import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import type { ChartQuery, RunQuery, RunRow } from "../../bindings/api";
import { giveLayout } from "../../../tests/layout";
import { axeProblems, renderScreen } from "../../../tests/render";
import { manyRuns, RUNS } from "../../fixtures/runs";
import { CommandError } from "../../shared/backend";
import { GROUPED } from "./Groups";

giveLayout(640);

async function open(path = "/runs", handlers: Parameters<typeof renderScreen>[1] = {}) {
  const view = renderScreen(path, handlers);
  await screen.findAllByText(/amber-tern/);
  const last = () =>
    view.backend.calls.findLast((c) => c.name === "runs_search" && (c.args as RunQuery).limit > 1)
      ?.args as RunQuery;
  const field = () => screen.getByRole("searchbox", { name: "Filter runs" }) as HTMLInputElement;
  return { ...view, last, field };
}

const cellOf = (name: string, words: string) =>
  within(screen.getByText(name).closest("[role=row]") as HTMLElement).getByText(words);

describe("filter by a value", () => {
  it("adds a condition for the cell that was pressed, one after the other", async () => {
    const { user, field, last } = await open("/runs?q=metrics.accuracy > 0.7 or metrics.loss < 9");
    fireEvent.contextMenu(cellOf("calm-gull-102", "penguins"));
    await user.click(await screen.findByRole("menuitem", { name: "Experiment = penguins" }));
    await waitFor(() => expect(last().experiment).toBe("penguins"));
    fireEvent.contextMenu(cellOf("calm-gull-102", "Finished"));
    const group = await screen.findByRole("group", { name: "Filter by value" });
    await user.click(within(group).getByRole("menuitem", { name: "Status = FINISHED" }));
    await waitFor(() =>
      expect(field().value).toBe(
        "(metrics.accuracy > 0.7 or metrics.loss < 9) and attributes.status = 'FINISHED'",
      ),
    );
    await screen.findByText("calm-gull-102");
    expect(screen.queryByText("dune-plover-103")).toBeNull();
  });

  it("searches names in MLflow's words when a condition joins them", async () => {
    const { user, field } = await open("/runs?q=tern");
    fireEvent.contextMenu(screen.getByText("amber-tern-110"));
    await user.click(await screen.findByRole("menuitem", { name: "Name ≠ amber-tern-110" }));
    await waitFor(() =>
      expect(field().value).toBe(
        "attributes.run_name ILIKE '%tern%' and attributes.run_name != 'amber-tern-110'",
      ),
    );
  });

  it("asks for a machine beside the filter", async () => {
    const machine = RUNS[0]?.machine_id ?? "";
    const { last } = await open(`/runs?machine=${machine}&q=params.seed = '0' or params.seed = '10'`);
    expect(last()).toMatchObject({
      machine_id: machine,
      filter: "params.seed = '0' or params.seed = '10'",
    });
  });
});

it("completes the filter that is typed, by keyboard, and searches with what was chosen", async () => {
  const { user, field, last } = await open();
  await user.type(field(), "metrics.acc");
  const list = await screen.findByRole("listbox", { name: "What could come next" });
  expect(
    within(list)
      .getAllByRole("option")
      .map((o) => o.querySelector("code")?.textContent),
  ).toEqual(["metrics.accuracy"]);
  expect(await axeProblems()).toEqual([]);
  await user.keyboard("{ArrowDown}");
  expect(document.getElementById(field().getAttribute("aria-activedescendant") ?? "")?.textContent).toContain(
    "metrics.accuracy",
  );
  await user.keyboard("{Enter}");
  expect(field().value).toBe("metrics.accuracy ");
  await user.keyboard("> 0.9{Enter}");
  await waitFor(() => expect(last().filter).toBe("metrics.accuracy > 0.9"));
  expect(screen.queryByRole("listbox")).toBeNull();
});

describe("several runs at once", () => {
  const select = async (user: Awaited<ReturnType<typeof open>>["user"], ...names: string[]) => {
    for (const name of names) await user.click(screen.getByRole("checkbox", { name: `Select ${name}` }));
  };

  it("are tagged, and those that refuse are named and tried again", async () => {
    const refused = RUNS[2]?.id;
    let refuse = true;
    const { user, backend } = await open("/runs", {
      run_tag_set: ({ run_id }) => {
        if (refuse && run_id === refused)
          throw new CommandError({ code: "wrong_state", message: "The run is deleted." });
        return null;
      },
    });
    await select(user, "blue-heron-101", "calm-gull-102");
    await user.click(screen.getByRole("button", { name: "Tag…" }));
    const dialog = await screen.findByRole("dialog", { name: "Tag 2 runs" });
    await user.type(within(dialog).getByRole("textbox", { name: "Key" }), "mlflow.user");
    expect(within(dialog).getByText(/are set by the program/)).toBeTruthy();
    await user.clear(within(dialog).getByRole("textbox", { name: "Key" }));
    await user.type(within(dialog).getByRole("textbox", { name: "Key" }), "review");
    await user.type(within(dialog).getByRole("textbox", { name: "Value" }), "höst");
    expect(await axeProblems(dialog)).toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Set the tag" }));
    await screen.findByText("1 run could not be changed");
    const sent = () => backend.calls.filter((c) => c.name === "run_tag_set").map((c) => c.args);
    expect(sent()).toHaveLength(2);
    expect(sent()).toContainEqual({ run_id: RUNS[1]?.id, key: "review", value: "höst", known: null });
    refuse = false;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(sent().slice(2)).toEqual([{ run_id: refused, key: "review", value: "höst", known: null }]);
  });

  it("are moved to another experiment, and stay chosen when that is refused", async () => {
    let refuse = true;
    const { user, backend } = await open("/runs", {
      runs_move: () => {
        if (refuse)
          throw new CommandError({ code: "wrong_state", message: "The run 'calm-gull-102' goes on." });
        return null;
      },
    });
    await select(user, "blue-heron-101", "calm-gull-102");
    await user.click(screen.getByRole("button", { name: "More for these runs" }));
    await user.click(await screen.findByRole("menuitem", { name: "Move…" }));
    const dialog = await screen.findByRole("dialog", { name: "Move 2 runs" });
    expect(await axeProblems(dialog)).toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Move" }));
    expect(backend.calls.some((c) => c.name === "runs_move")).toBe(false);
    await user.type(within(dialog).getByRole("textbox", { name: "Experiment" }), "aside{Enter}");
    await within(dialog).findByText("The run 'calm-gull-102' goes on.");
    expect(screen.getAllByText("2 selected").length).toBeGreaterThan(0);
    refuse = false;
    await user.click(within(dialog).getByRole("button", { name: "Move" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(backend.calls.filter((c) => c.name === "runs_move").at(-1)?.args).toEqual({
      run_ids: [RUNS[1]?.id, RUNS[2]?.id],
      experiment: "aside",
    });
    await screen.findByText("2 runs moved to aside");
    expect(screen.queryAllByText("2 selected")).toEqual([]);
  });

  it("lose a tag, those without it too", async () => {
    const { user, backend } = await open("/runs", {
      run_tag_delete: ({ run_id }) => {
        if (run_id === RUNS[1]?.id) throw new CommandError({ code: "not_found", message: "No such tag." });
        return null;
      },
    });
    await select(user, "blue-heron-101", "calm-gull-102");
    await user.click(screen.getByRole("button", { name: "Tag…" }));
    const dialog = await screen.findByRole("dialog");
    await user.click(within(dialog).getByRole("radio", { name: "Remove" }));
    await user.type(within(dialog).getByRole("textbox", { name: "Key" }), "team{Enter}");
    await screen.findByText("1 run changed");
    expect(backend.calls.filter((c) => c.name === "run_tag_delete")).toHaveLength(2);
  });

  it("are copied as a search string and as Python", async () => {
    const { user } = await open();
    const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    await user.click(screen.getByRole("button", { name: "More for these runs" }));
    await user.click(await screen.findByRole("menuitem", { name: "Copy as a search string" }));
    await waitFor(() => expect(write).toHaveBeenLastCalledWith("tags.`skerry.archived` IS NULL"));
    await user.click(screen.getByRole("button", { name: "More for these runs" }));
    await user.click(await screen.findByRole("menuitem", { name: "Copy as Python" }));
    await waitFor(() => expect(write.mock.lastCall?.[0]).toContain("search_all_experiments=True"));
    await select(user, "blue-heron-101");
    await user.click(screen.getByRole("button", { name: "More for these runs" }));
    await user.click(await screen.findByRole("menuitem", { name: "Copy as a search string" }));
    await waitFor(() => expect(write).toHaveBeenLastCalledWith(`attributes.run_id IN ('${RUNS[1]?.id}')`));
  });
});

describe("export", () => {
  it("reads everything that the filter finds, part by part, and saves it as a file", async () => {
    const { user, backend } = await open("/runs", manyRuns(2500));
    await user.click(screen.getByRole("button", { name: "More for these runs" }));
    await user.click(await screen.findByRole("menuitem", { name: "Export…" }));
    const dialog = await screen.findByRole("dialog", { name: "Export 2,500 runs" });
    expect(await axeProblems(dialog)).toEqual([]);
    await user.click(within(dialog).getByRole("radio", { name: "All there are" }));
    await user.click(within(dialog).getByRole("button", { name: "Read the runs" }));
    await screen.findByText(/^2,500 runs, /);
    await user.click(within(dialog).getByRole("button", { name: "Save the file" }));
    const [saved] = backend.files;
    expect(saved?.name).toMatch(/^runs-\d{4}-\d\d-\d\d\.csv$/);
    const lines = ((await saved?.file.text()) ?? "").trimEnd().split("\r\n");
    expect(lines).toHaveLength(2501);
    expect(lines[0]).toContain("metrics.val/f1");
    expect(lines[2500]).toContain("jade-teal-2499");
    const parts = backend.calls.flatMap((c) => {
      const args = c.args as RunQuery;
      return c.name === "runs_search" && args.limit === 1000 ? [args.offset] : [];
    });
    expect(parts).toEqual([0, 1000, 2000]);
  });

  it("is written by the console as Parquet, and saved from there when it is whole", async () => {
    const { user, backend } = await open("/runs", manyRuns(2500));
    await user.click(screen.getByRole("button", { name: "More for these runs" }));
    await user.click(await screen.findByRole("menuitem", { name: "Export…" }));
    const dialog = await screen.findByRole("dialog", { name: "Export 2,500 runs" });
    await user.click(within(dialog).getByRole("radio", { name: "Parquet" }));
    expect(await axeProblems(dialog)).toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Read the runs" }));
    await screen.findByText(/^2,500 runs, /);
    expect(screen.queryByRole("button", { name: "Copy the text" })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Save the file" }));
    const [saved] = backend.exports;
    expect(saved?.name).toMatch(/^runs-\d{4}-\d\d-\d\d\.parquet$/);
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    const sent = backend.calls.filter((c) => c.name.startsWith("runs_export"));
    const more = Array(3).fill("runs_export_more");
    // The page does not get to see what is in it.
    expect(sent.map((c) => c.name)).toEqual(["runs_export", ...more, "runs_export_end"]);
    expect(sent.at(-1)?.args).toEqual({ id: saved?.id });
    expect(backend.calls.find((c) => c.name === "runs_export")?.args).toMatchObject({ stage: "active" });
  });

  it("is given up by the console when it is cancelled as Parquet", async () => {
    let resume = () => {};
    const rows = manyRuns(3000);
    const { user, backend } = await open("/runs", {
      ...rows,
      runs_export_more: async (args) => {
        await new Promise<void>((done) => (resume = done));
        return rows.runs_export_more?.(args) as never;
      },
    });
    await user.click(screen.getByRole("button", { name: "More for these runs" }));
    await user.click(await screen.findByRole("menuitem", { name: "Export…" }));
    await user.click(await screen.findByRole("radio", { name: "Parquet" }));
    await user.click(screen.getByRole("button", { name: "Read the runs" }));
    await screen.findByText("0 / 3,000");
    await user.click(screen.getByRole("button", { name: "Cancel" }));
    await screen.findByRole("button", { name: "Read the runs" });
    resume();
    await waitFor(() => expect(backend.calls.some((c) => c.name === "runs_export_end")).toBe(true));
    expect(backend.calls.filter((c) => c.name === "runs_export_more")).toHaveLength(1);
    expect(screen.getByRole("button", { name: "Read the runs" })).toBeTruthy();
  });

  it("stops when it is cancelled, and can begin anew", async () => {
    const rows = manyRuns(3000);
    let resume = () => {};
    const { user, backend } = await open("/runs", {
      runs_search: async (query) => {
        if (query.offset === 1000) await new Promise<void>((done) => (resume = done));
        return rows.runs_search?.(query) as never;
      },
    });
    await user.click(screen.getByRole("button", { name: "More for these runs" }));
    await user.click(await screen.findByRole("menuitem", { name: "Export…" }));
    await user.click(await screen.findByRole("button", { name: "Read the runs" }));
    await screen.findByText("1,000 / 3,000");
    await user.click(screen.getByRole("button", { name: "Cancel" }));
    resume();
    await screen.findByRole("button", { name: "Read the runs" });
    expect(backend.calls.some((c) => (c.args as RunQuery | null)?.offset === 2000)).toBe(false);
  });
});

describe("groups", () => {
  it("sum up all runs that are found, and lead to those of one", async () => {
    const { user, field, last } = await open();
    await user.click(screen.getByRole("button", { name: "Group" }));
    await user.click(await screen.findByRole("menuitem", { name: "lr" }));
    const grid = await screen.findByRole("grid", { name: "Groups of runs" });
    const rows = within(grid).getAllByRole("row").slice(1);
    expect(rows.map((row) => within(row).getByRole("rowheader").textContent).sort()).toEqual([
      "0.0001",
      "0.001",
      "0.01",
    ]);
    const active = RUNS.filter((run) => run.stage === "active");
    const of = active.filter((run) => run.params.some((p) => p.key === "lr" && p.value === "0.01"));
    const mine = rows.find((row) => within(row).getByRole("rowheader").textContent === "0.01") as HTMLElement;
    expect(within(mine).getByText(String(of.length))).toBeTruthy();
    await user.click(screen.getByRole("radio", { name: "Max" }));
    const accuracies = of.flatMap((run) => run.metrics.find((m) => m.key === "accuracy")?.value ?? []);
    expect(await within(grid).findByTitle(String(Math.max(...accuracies)))).toBeTruthy();
    expect(await axeProblems()).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Actions for 0.01" }));
    await user.click(await screen.findByRole("menuitem", { name: "Show its runs" }));
    await screen.findByRole("grid", { name: "Runs" });
    expect(field().value).toBe("params.lr = '0.01'");
    await waitFor(() => expect(last().filter).toBe("params.lr = '0.01'"));
  });

  it("leave what is wrong with a filter to its field", async () => {
    renderScreen("/runs?group=params.lr&q=metrics.accuracy >");
    await screen.findByText("The filter is not understood yet");
    expect(screen.queryByRole("alert")).toBeNull();
    expect(await axeProblems()).toEqual([]);
  });

  it("say so when there are more runs than they were made of", async () => {
    renderScreen("/runs?group=attributes.status", manyRuns(GROUPED + 500));
    await screen.findByText("Only the first 10,000 of 10,500 runs are in these groups");
    const grid = screen.getByRole("grid", { name: "Groups of runs" });
    const counts = within(grid)
      .getAllByRole("row")
      .slice(1)
      .map((row) => Number(within(row).getAllByRole("gridcell")[0]?.textContent?.replace(",", "")));
    expect(counts.reduce((a, b) => a + b, 0)).toBe(GROUPED);
  });
});

it("smooths a chart from every point, however few of them are drawn", async () => {
  const run = RUNS[1] as RunRow;
  const { user, backend } = renderScreen(`/runs/${run.id}`);
  await screen.findByText("20,000 points, thinned; extremes are kept");
  const slider = screen.getByRole("slider", { name: "Smoothing" });
  slider.focus();
  await user.keyboard("{PageUp}");
  await user.click(await screen.findByRole("radio", { name: "Gaussian" }));
  const asked = () =>
    backend.calls.flatMap((c) => (c.name === "run_chart" ? [c.args as ChartQuery] : [])).at(-1);
  await waitFor(() =>
    expect(asked()?.smoothed).toMatchObject({ smoothing: { kind: "gaussian" }, by_time: false }),
  );
  expect(asked()?.smoothed?.smoothing.weight).toBeGreaterThan(0);
  await user.click(screen.getByRole("radio", { name: "Clock" }));
  await waitFor(() => expect(asked()?.smoothed?.by_time).toBe(true));
});

it("reads the charts that are asked for beside those that are there", async () => {
  const run = RUNS[1] as RunRow;
  const metrics = Array.from({ length: 30 }, (_, i) => ({
    ...(run.metrics[0] as RunRow["metrics"][number]),
    key: `m${String(i).padStart(2, "0")}`,
  }));
  const detail = await renderScreen("/").backend.call("run_get", { id: run.id });
  cleanup();
  const { user, backend } = renderScreen(`/runs/${run.id}`, {
    run_get: () => ({ ...detail, row: { ...detail.row, metrics } }),
  });
  const asked = () =>
    backend.calls.flatMap((c) => (c.name === "run_chart" ? (c.args as ChartQuery).keys : []));
  await screen.findByRole("figure", { name: "m11" });
  await user.click(screen.getByRole("button", { name: "Show 18 more charts" }));
  await screen.findByRole("figure", { name: "m29" });
  await waitFor(() => expect(asked()).toEqual(metrics.map((metric) => metric.key)));
});

it("draws charts over another metric, and says where they have no step in common", async () => {
  const run = RUNS[2] as RunRow;
  const { user, backend } = renderScreen(`/runs/${run.id}`);
  const asked = () =>
    backend.calls.flatMap((c) => (c.name === "run_chart" ? [c.args as ChartQuery] : [])).at(-1);
  await screen.findByRole("figure", { name: "accuracy" });
  await user.click(screen.getByRole("radio", { name: "Metric" }));
  // The first is the axis, and has no chart of its own.
  await waitFor(() => expect(asked()).toMatchObject({ over: { key: "accuracy", from: null, to: null } }));
  expect(asked()?.keys).not.toContain("accuracy");
  const loss = screen.getByRole("figure", { name: "loss" });
  await within(loss).findByText(/accuracy goes back and forth: points are not joined/);
  await within(loss).findByText(/6 NaN/);
  await user.click(within(loss).getByRole("button", { name: "Show loss as a table" }));
  expect(within(loss).getByRole("columnheader", { name: /^accuracy/ })).toBeTruthy();
  const probe = screen.getByRole("figure", { name: "probe" });
  expect((await within(probe).findAllByText("No step in common with accuracy")).length).toBeGreaterThan(0);
  expect(await axeProblems()).toEqual([]);

  await user.click(screen.getByRole("button", { name: /Metric on the horizontal axis/ }));
  await user.click(await screen.findByRole("option", { name: "lr" }));
  await within(screen.getByRole("figure", { name: "accuracy" })).findByText(
    "300 of 20,000 points are at steps that lr has too",
  );
});
