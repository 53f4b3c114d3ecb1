import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { axeProblems, renderScreen } from "../../../tests/render";
import type { Report, ReportBody, ReportContent, ReportSave, RunsChartQuery } from "../../bindings/api";
import { REPORTS, reportsFake } from "../../fixtures/reports";
import { RUNS } from "../../fixtures/runs";
import { moved, newBlock, withRuns } from "./content";

const [FIRST, SECOND] = REPORTS as [Report, Report, Report];
const path = (report: Report, rest = "") => `/reports/${report.id}${rest}`;

describe("every screen of reports", () => {
  it.each([
    ["/reports", "Which width is enough for penguins?", ""],
    ["/reports", "No report yet", "empty"],
    ["/reports", "The store is damaged", "error"],
    ["/reports?q=nothing-like-it", "No report has this in its title", ""],
    [path(FIRST), "What was asked", ""],
    [path(FIRST), "The store is damaged", "error"],
    [path(FIRST, "?edit=1"), "Runs of the report", ""],
    ["/reports/new", "Not saved", ""],
    [`/reports/${"0".repeat(32)}`, "This report is not there", ""],
  ])("%s shows %s and passes axe", async (at, words, variant) => {
    renderScreen(at, {}, variant);
    await screen.findAllByText(words);
    expect(await axeProblems()).toEqual([]);
  });
});

it("shows text, charts and tables, and names a run that is gone", async () => {
  const { backend } = renderScreen(path(FIRST));
  expect(await screen.findByRole("heading", { level: 2, name: "What was asked" })).toBeTruthy();
  expect(await screen.findByRole("figure", { name: "Accuracy and loss" })).toBeTruthy();
  const table = await screen.findByRole("grid", { name: "Where they ended" });
  expect(within(table).getByText("dune-plover-87")).toBeTruthy();
  expect(within(table).getByText("Deleted since")).toBeTruthy();
  // The charts ask for runs that are there, in one question each.
  const asked = backend.calls.filter((call) => call.name === "runs_chart");
  expect(asked).toHaveLength(3);
  expect(JSON.stringify(asked)).not.toContain("ffffffff");
});

it("saves what was written under the revision that was read", async () => {
  const { user, backend, router } = renderScreen(path(FIRST, "?edit=1"));
  const title = await screen.findByRole("textbox", { name: "Title" });
  await user.clear(title);
  expect((screen.getByRole("button", { name: "Save" }) as HTMLButtonElement).disabled).toBe(true);
  await user.type(title, "Widths");
  await user.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(router.state.location.search).toEqual({}));
  const saved = backend.calls.find((call) => call.name === "report_save")?.args as ReportSave;
  expect(saved.revision).toBe(FIRST.revision);
  expect(saved.content).toEqual({ ...FIRST.content, title: "Widths" } satisfies ReportContent);
  expect(await screen.findByRole("heading", { level: 1, name: "Widths" })).toBeTruthy();
});

it("keeps both when somebody else saved meanwhile", async () => {
  const { user, backend } = renderScreen(path(FIRST, "?edit=1"));
  const title = await screen.findByRole("textbox", { name: "Title" });
  const theirs = { ...FIRST.content, title: "Theirs" };
  await backend.call("report_save", { id: FIRST.id, revision: FIRST.revision, content: theirs });
  await user.clear(title);
  await user.type(title, "Mine");
  await user.click(screen.getByRole("button", { name: "Save" }));
  await screen.findByText("eva changed this report while you were editing");
  expect((title as HTMLInputElement).value).toBe("Mine");
  expect(await axeProblems()).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Keep mine as a copy" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Mine (copy)" })).toBeTruthy();
  const titles = (await backend.call("reports_list", null)).map((row) => row.title);
  expect(titles).toEqual(expect.arrayContaining(["Mine (copy)", "Theirs"]));
});

it("asks before what was written is lost, and only then", async () => {
  const { user, router } = renderScreen(path(SECOND, "?edit=1"));
  const title = await screen.findByRole("textbox", { name: "Title" });
  await user.type(title, "!");
  await user.click(screen.getByRole("link", { name: /^Models/ }));
  const question = await screen.findByRole("alertdialog", { name: "Leave without saving?" });
  await user.click(within(question).getByRole("button", { name: "Go on editing" }));
  expect(router.state.location.pathname).toBe(path(SECOND));
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  await user.click(await screen.findByRole("button", { name: "Leave" }));
  await waitFor(() => expect(router.state.location.search).toEqual({}));
  expect(await screen.findByRole("heading", { level: 1, name: SECOND.content.title })).toBeTruthy();
});

it("moves, removes and brings back parts by keyboard", async () => {
  const { user } = renderScreen(path(FIRST, "?edit=1"));
  const names = () =>
    screen.getAllByRole("heading", { level: 2, name: /^Part \d/ }).map((h) => h.textContent?.trim());
  await screen.findByRole("button", { name: "Move down: Part 1: Text" });
  expect(names().slice(0, 2)).toEqual(["Part 1: Text", "Part 2: Chart"]);
  screen.getByRole("button", { name: "Move down: Part 1: Text" }).focus();
  await user.keyboard("{Alt>}{ArrowDown}{/Alt}");
  expect(names().slice(0, 2)).toEqual(["Part 1: Chart", "Part 2: Text"]);
  expect(document.activeElement?.getAttribute("aria-label")).toBe("Move down: Part 2: Text");
  expect(screen.getByText("Moved to place 2 of 5")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Remove: Part 1: Chart" }));
  expect(names()).toHaveLength(4);
  await user.click(screen.getAllByRole("button", { name: "Undo" }).at(-1) as HTMLElement);
  expect(names().slice(0, 2)).toEqual(["Part 1: Chart", "Part 2: Text"]);
});

it("chooses runs by a search and says what it finds", async () => {
  const { user, backend } = renderScreen("/reports/new");
  await user.click(await screen.findByRole("radio", { name: "A search" }));
  fireEvent.change(screen.getByRole("searchbox", { name: "Filter runs" }), {
    target: { value: "attributes.status = 'FAILED'" },
  });
  const failed = RUNS.filter((run) => run.status === "FAILED" && run.stage === "active").length;
  await screen.findByText(new RegExp(`^Finds ${failed} runs`));
  await user.click(screen.getByRole("button", { name: "Add chart" }));
  await user.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(backend.calls.some((call) => call.name === "report_save")).toBe(true));
  const args = backend.calls.find((call) => call.name === "report_save")?.args as ReportSave;
  const { content } = args;
  expect(content.runs).toEqual({
    kind: "search",
    filter: "attributes.status = 'FAILED'",
    order_by: ["attributes.start_time DESC"],
    experiment: null,
    limit: 10,
  });
  expect(content.blocks.map((block) => block.body.kind)).toEqual(["text", "chart"]);
});

it("draws a chart over another metric, smoothed from every point", async () => {
  const { user, backend } = renderScreen(path(FIRST, "?edit=1"));
  const [first] = await screen.findAllByRole("radio", { name: "Metric" });
  await user.click(first as HTMLElement);
  expect(screen.getByRole("button", { name: /Metric on the horizontal axis/ })).toBeTruthy();
  // The other chart is not smoothed: it has nothing to choose.
  await user.click(screen.getByRole("radio", { name: "Running mean" }));
  expect(await axeProblems()).toEqual([]);
  const chart = FIRST.content.blocks[1]?.body as Extract<ReportBody, { kind: "chart" }>;
  const [metric] = chart.metrics;
  const asked = () =>
    backend.calls.flatMap(({ name, args }) =>
      name === "runs_chart" && args !== null ? [args as RunsChartQuery] : [],
    );
  await user.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(backend.calls.some((call) => call.name === "report_save")).toBe(true));
  const saved = backend.calls.find((call) => call.name === "report_save")?.args as ReportSave;
  const body = saved.content.blocks[1]?.body as typeof chart;
  expect(body).toMatchObject({ metrics: [metric], smoothing: 0.4, smoothing_kind: "mean" });
  expect(body.over).not.toBeNull();
  await waitFor(() =>
    expect(asked()).toContainEqual(
      expect.objectContaining({
        key: metric,
        over: { key: body.over, from: null, to: null },
        smoothed: { smoothing: { kind: "mean", weight: 0.4 }, by_time: false },
      }),
    ),
  );
});

it("deletes after asking, and duplicates", async () => {
  const { user, backend } = renderScreen(path(SECOND));
  await user.click(await screen.findByRole("button", { name: "More actions" }));
  await user.click(await screen.findByRole("menuitem", { name: "Duplicate" }));
  expect(
    await screen.findByRole("heading", { level: 1, name: `${SECOND.content.title} (copy)` }),
  ).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "More actions" }));
  await user.click(await screen.findByRole("menuitem", { name: "Delete" }));
  const question = await screen.findByRole("alertdialog");
  await user.click(within(question).getByRole("button", { name: "Delete" }));
  await screen.findByRole("grid", { name: "Reports" });
  expect(await backend.call("reports_list", null)).toHaveLength(REPORTS.length);
});

it("saves the page and each chart as files", async () => {
  const { user, backend } = renderScreen(path(FIRST));
  await user.click(await screen.findByRole("button", { name: "Export" }));
  await waitFor(() => expect(backend.files.map((each) => each.name)).toEqual(["report.html"]));
  expect(await backend.files[0]?.file.text()).toBe("<html>");
  const picture = await screen.findByRole("button", { name: /^Save Accuracy and loss/ });
  await user.click(picture);
  await user.click(await screen.findByRole("menuitem", { name: "Save as PNG" }));
  await waitFor(() => expect(backend.files).toHaveLength(2));
  const last = backend.calls.findLast((call) => call.name === "report_export")?.args;
  expect(last).toMatchObject({ id: FIRST.id, format: "png", block: "e", language: "en" });
});

it("adds compared runs to a report that somebody changes at that moment", async () => {
  const ids = RUNS.slice(0, 2).map((run) => run.id);
  const fake = reportsFake();
  let first = true;
  const { user, backend } = renderScreen(`/compare?runs=${ids.join(",")}`, {
    ...fake,
    report_save: (args) => {
      if (first) {
        first = false;
        fake.report_save?.({ ...args, content: SECOND.content });
      }
      return fake.report_save?.(args) as Report;
    },
  });
  await user.click(await screen.findByRole("button", { name: "Add to report" }));
  const dialog = await screen.findByRole("dialog", { name: "Add 2 runs to a report" });
  expect(await axeProblems(dialog)).toEqual([]);
  await user.click(within(dialog).getByRole("button", { name: /^Report|A new report/ }));
  await user.click(await screen.findByRole("option", { name: SECOND.content.title }));
  await user.click(await within(dialog).findByRole("radio", { name: "Runs of the report" }));
  await user.click(within(dialog).getByRole("button", { name: "Add" }));
  await screen.findByText(`Added to ${SECOND.content.title}`);
  const now = await backend.call("report_get", { id: SECOND.id });
  const runs = now.content.runs.kind === "chosen" ? now.content.runs.runs.map((run) => run.id) : [];
  expect(runs).toEqual(expect.arrayContaining(ids));
});

it("keeps blocks and runs in order", () => {
  const blocks = [newBlock("text"), newBlock("chart"), newBlock("table")];
  const ids = (all: typeof blocks) => all.map((block) => block.body.kind);
  expect(ids(moved(blocks, blocks[0]?.id ?? "", 1))).toEqual(["chart", "text", "table"]);
  expect(ids(moved(blocks, blocks[0]?.id ?? "", -1))).toEqual(["text", "chart", "table"]);
  const run = (id: string) => ({ id, name: id });
  expect(withRuns([run("a"), run("b")], [run("b"), run("c")])).toEqual([run("a"), run("b"), run("c")]);
});
