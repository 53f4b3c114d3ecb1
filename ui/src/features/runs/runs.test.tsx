import { act, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { giveLayout } from "../../../tests/layout";
import { axeProblems, renderScreen } from "../../../tests/render";
import { RUNS } from "../../fixtures/runs";
import { CommandError } from "../../shared/backend";
import { parseCsv } from "./csv";
import * as check from "./validate";
import { tagKey, tagValue } from "../../shared/rules";
import { filterOf, orderOf, seriesOf, sourceText } from "./values";

giveLayout(192);

const running = RUNS[0] ?? RUNS[1];
const stale = RUNS.find((r) => r.stale && r.phase === "running") ?? { ...RUNS[1], id: RUNS[1]?.id ?? "" };
const run = (i: number) => RUNS[i]?.id ?? "";

describe("screens", () => {
  it.each([
    ["/runs", "amber-tern-100", ""],
    ["/runs", "No runs yet", "empty"],
    ["/runs", "The store is damaged", "error"],
    ["/runs/new", "What will happen", ""],
    ["/runs/new", "No machine is registered", "empty"],
    [`/runs/${run(0)}`, "Cancel run", ""],
    [`/runs/${run(1)}`, "penguins 3", ""],
    [`/runs/${run(0)}?tab=logs`, "Follow", ""],
    [`/runs/${run(0)}?tab=artifacts`, "predictions.csv", ""],
    [`/runs/${run(0)}?tab=environment`, "Hash over its files", ""],
    ["/runs/gone", "This run is not here any more", ""],
  ])("%s shows %s and passes axe", async (path, words, variant) => {
    renderScreen(path, {}, variant);
    await screen.findAllByText(words);
    expect(await axeProblems()).toEqual([]);
  });
});

describe("list", () => {
  it("shows a filter's error at the filter and keeps the rows", async () => {
    const { user } = renderScreen("/runs");
    await screen.findByText("amber-tern-100");
    await user.type(screen.getByRole("searchbox", { name: "Filter runs" }), "metrics.accuracy >{Enter}");
    const field = await screen.findByRole("searchbox", { name: "Filter runs" });
    await waitFor(() => expect(field.getAttribute("aria-invalid")).toBe("true"));
    expect(screen.getByText(/stops making sense/)).toBeTruthy();
    expect(screen.getByText("amber-tern-100")).toBeTruthy();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("deletes what is selected and offers to undo it", async () => {
    const { user, backend } = renderScreen("/runs");
    await user.click(await screen.findByRole("checkbox", { name: "Select calm-gull-102" }));
    await user.click(screen.getByRole("button", { name: "Delete" }));
    await waitFor(() => expect(backend.calls.some((c) => c.name === "runs_delete")).toBe(true));
    await waitFor(() => expect(screen.queryByText("calm-gull-102")).toBeNull());
    await user.click(await screen.findByRole("button", { name: "Undo" }));
    await waitFor(() =>
      expect(backend.calls.find((c) => c.name === "runs_restore")?.args).toEqual({ run_ids: [run(2)] }),
    );
  });

  it("archives what is selected, shows it where it stands then, and takes it back", async () => {
    const { user, backend } = renderScreen("/runs");
    const sent = (name: string) => backend.calls.filter((c) => c.name === name).map((c) => c.args);
    await user.click(await screen.findByRole("checkbox", { name: "Select calm-gull-102" }));
    await user.click(screen.getByRole("button", { name: "Archive" }));
    await screen.findByText("1 run archived");
    expect(sent("runs_archive")).toEqual([{ run_ids: [run(2)] }]);
    await waitFor(() => expect(screen.queryByText("calm-gull-102")).toBeNull());
    await user.click(screen.getByRole("button", { name: "Undo" }));
    await screen.findByText("calm-gull-102");
    expect(sent("runs_unarchive")).toEqual([{ run_ids: [run(2)] }]);
    await user.click(screen.getByRole("button", { name: "Actions for calm-gull-102" }));
    await user.click(await screen.findByRole("menuitem", { name: "Archive" }));
    await waitFor(() => expect(screen.queryByText("calm-gull-102")).toBeNull());
    await user.click(screen.getByRole("button", { name: /Life stage/ }));
    await user.click(await screen.findByRole("option", { name: "Archived" }));
    await screen.findByText("calm-gull-102");
    expect(await axeProblems()).toEqual([]);
  });

  it("says of an archived run since when, and takes it out of the archive", async () => {
    const archived = RUNS.find((row) => row.stage === "archived")?.id ?? "";
    const { user, backend } = renderScreen(`/runs/${archived}`);
    await screen.findByText(/^This run is archived since .*2026/);
    await user.click(screen.getByRole("button", { name: "Unarchive" }));
    await waitFor(() => expect(screen.queryByText(/^This run is archived/)).toBeNull());
    expect(backend.calls.find((c) => c.name === "runs_unarchive")?.args).toEqual({ run_ids: [archived] });
  });

  it("turns words into a search by name and leaves the language alone", () => {
    expect(filterOf(" tern ")).toEqual({ filter: "attributes.run_name ILIKE '%tern%'", names: true });
    expect(filterOf("it's")).toEqual({ filter: "attributes.run_name ILIKE '%its%'", names: true });
    expect(filterOf("params.lr = '1'")).toEqual({ filter: "params.lr = '1'", names: false });
    expect(orderOf({ id: "metrics.val/f1", desc: true })).toEqual(["metrics.`val/f1` DESC"]);
    expect(orderOf({ id: "attributes.start_time", desc: false })).toEqual(["attributes.start_time ASC"]);
  });
});

it("says two facts of a run whose machine is out of reach", async () => {
  const row = {
    ...running,
    ...stale,
    phase: "running" as const,
    status: "RUNNING" as const,
    stale: true,
    machine: "assay-lab-2",
  };
  const id = row.id ?? "";
  const { backend } = renderScreen(`/runs/${id}`, {});
  await screen.findAllByText(/.+/);
  const detail = await backend.call("run_get", { id });
  const link = {
    state: "unreachable" as const,
    since: Date.now() - 60_000,
    last_seen_at: null,
    problem: null,
  };
  const view = renderScreen(`/runs/${id}`, {
    run_get: () => ({ ...detail, row: { ...detail.row, ...row } as never, link }),
  });
  expect((await view.findAllByText(/Unreachable since/)).length).toBeGreaterThan(0);
  expect((await view.findAllByText("last known: running")).length).toBeGreaterThan(0);
  expect((await view.findAllByText(/cannot be reached\. The run goes on without us/)).length).toBeGreaterThan(
    0,
  );
});

it("adds a tag in its place and refuses a reserved key", async () => {
  const { user, backend } = renderScreen(`/runs/${run(0)}`);
  await user.click(await screen.findByRole("button", { name: "Add tag" }));
  await user.type(screen.getByRole("textbox", { name: "Key" }), "mlflow.user");
  expect(screen.getByText(/are set by the program/)).toBeTruthy();
  await user.clear(screen.getByRole("textbox", { name: "Key" }));
  await user.type(screen.getByRole("textbox", { name: "Key" }), "syfte");
  await user.type(screen.getByRole("textbox", { name: "Value" }), "höst{Enter}");
  await waitFor(() =>
    expect(backend.calls.find((c) => c.name === "run_tag_set")?.args).toEqual({
      run_id: run(0),
      key: "syfte",
      value: "höst",
      known: { value: null },
    }),
  );
});

it("keeps both values when two people edit a tag", async () => {
  const { user, backend } = renderScreen(`/runs/${run(0)}`);
  /** What somebody else does. */
  const theirs = async (key: string, value: string | null) => {
    if (value === null) await backend.call("run_tag_delete", { run_id: run(0), key, known: null });
    else await backend.call("run_tag_set", { run_id: run(0), key, value, known: null });
    act(() => backend.emit({ topics: ["runs"], id: run(0) }));
  };
  await screen.findByRole("button", { name: "Add tag" });
  await theirs("owner", "ann");
  await user.click(await screen.findByRole("button", { name: "Edit tag owner ann" }));
  const field = () => screen.getByRole("textbox", { name: "Value" });
  await user.type(field(), "a");

  await theirs("owner", "bo");
  expect((await screen.findByRole("alert")).textContent).toContain("bo");
  // Nothing is saved by Enter until one of the two is chosen, and nothing typed is lost.
  await user.type(field(), "{Enter}");
  expect(field()).toHaveProperty("value", "anna");
  expect(await axeProblems()).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Use theirs" }));
  expect(field()).toHaveProperty("value", "bo");

  await user.type(field(), "dil");
  await theirs("owner", null);
  await screen.findByText("Somebody else removed this meanwhile");
  expect(field()).toHaveProperty("value", "bodil");
  await user.click(screen.getByRole("button", { name: "Save mine" }));
  await screen.findByRole("button", { name: "Edit tag owner bodil" });
  expect(backend.calls.findLast((c) => c.name === "run_tag_set")?.args).toMatchObject({
    value: "bodil",
    known: { value: null },
  });

  // Somebody else wrote the same: there is nothing to choose, and the form can be left by saving.
  await user.click(screen.getByRole("button", { name: "Edit tag owner bodil" }));
  await user.type(field(), "s");
  await theirs("owner", "bodils");
  await user.type(field(), "{Enter}");
  await screen.findByRole("button", { name: "Edit tag owner bodils" });
});

it("shows a page of HTML in a frame that reaches nothing, and its hash", async () => {
  const { user } = renderScreen(`/runs/${run(0)}?tab=artifacts`);
  await user.click(await screen.findByRole("button", { name: /^report.html/ }));
  await screen.findByText("SHA-256");
  await waitFor(() => expect(document.querySelectorAll("iframe")).toHaveLength(1));
  const frame = document.querySelector("iframe");
  expect(frame?.getAttribute("sandbox")).toBe("");
  const page = frame?.getAttribute("srcdoc") ?? "";
  expect(page).toMatch(/^<!doctype html><html><head><meta http-equiv="content-security-policy"/i);
  expect(page).toContain("default-src 'none'");
  expect(page).not.toContain("<link");
  // A place in the page is reached; to go elsewhere would replace the page.
  expect(page).toContain('<a href="about:srcdoc#rates">');
  expect(page).toContain('<a title="https://elsewhere.example/docs">');
  await user.click(screen.getByRole("radio", { name: "Source" }));
  expect(screen.getByText(/<link rel="preconnect"/)).toBeTruthy();
});

it("saves files with progress that can be cancelled, and says how each ended", async () => {
  const { user } = renderScreen(`/runs/${run(0)}?tab=artifacts`);
  const save = async (name: string) => {
    await user.click(await screen.findByRole("button", { name: `Save ${name}` }));
    const dialog = await screen.findByRole("dialog");
    await user.type(within(dialog).getByRole("textbox", { name: /^Folder/ }), "/srv/out");
    await user.click(within(dialog).getByRole("button", { name: "Save" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  };
  await save("weights.bin");
  const progress = await screen.findByRole("progressbar", { name: "Saving weights.bin" });
  expect(progress.getAttribute("aria-valuenow")).toBe("38");
  expect(screen.getByText(/^1.9.GiB . 5.GiB · about 1.min left$/)).toBeTruthy();
  expect(await axeProblems()).toEqual([]);
  const place = screen.getByRole("region", { name: "Files being saved" });
  await user.click(screen.getByRole("button", { name: "Cancel saving weights.bin" }));
  // Once to see, once to hear.
  await waitFor(() => expect(screen.getAllByText(/^weights.bin was not saved: cancelled/)).toHaveLength(2));
  expect(within(place).getByRole("status").textContent).toContain("weights.bin was not saved");
  expect(document.activeElement).toBe(place);
  await user.click(screen.getByRole("button", { name: "Close what is said of weights.bin" }));
  expect(screen.queryByText(/weights.bin was not saved/)).toBeNull();
  expect(document.activeElement).toBe(place);

  await save("confusion.svg");
  await screen.findAllByText("confusion.svg saved");
  expect(screen.getByText("/srv/out/confusion.svg")).toBeTruthy();
  await save("report.json");
  expect((await screen.findByRole("alert")).textContent).toContain("report.json was not saved");
  expect(await axeProblems()).toEqual([]);
});

describe("new run", () => {
  it("says what is missing, then starts what was filled in", async () => {
    const { user, backend } = renderScreen("/runs/new");
    await user.click(await screen.findByRole("button", { name: "Start run" }));
    await screen.findByText("4 fields need you");
    expect(backend.calls.some((c) => c.name === "run_start")).toBe(false);
    await user.type(screen.getByRole("textbox", { name: /^Project folder/ }), "/home/ingrid/p");
    await user.type(screen.getByRole("textbox", { name: /^Command/ }), 'python train.py "a');
    expect(screen.getByText("A quotation mark is not closed.")).toBeTruthy();
    await user.type(screen.getByRole("textbox", { name: /^Command/ }), '"');
    await user.type(screen.getByRole("textbox", { name: /^Experiment/ }), "penguins");
    await user.click(screen.getByRole("button", { name: /Container image/ }));
    await user.click(await screen.findByRole("option", { name: /skerry-lab\/train:1/ }));
    const receipt = screen.getByRole("complementary", { name: "What will happen" });
    expect(within(receipt).getByText("No network but loopback")).toBeTruthy();
    await within(receipt).findByText(/14 files/);
    await user.click(screen.getByRole("button", { name: "Start run" }));
    await waitFor(() =>
      expect(backend.calls.find((c) => c.name === "run_start")?.args).toMatchObject({
        project_folder: "/home/ingrid/p",
        command: 'python train.py "a"',
        experiment: "penguins",
        image: "skerry-lab/train:1",
        network_open: false,
        name: null,
      }),
    );
  });

  it("shows what keeps a folder from being used, and what the machine refused", async () => {
    const { user } = renderScreen("/runs/new?from=x", {
      run_start: () => {
        throw new CommandError({
          code: "image_missing",
          message: "There is no image skerry-lab/train:1 on kiln-north.",
        });
      },
    });
    const folder = await screen.findByRole("textbox", { name: /^Project folder/ });
    await user.click(screen.getByRole("button", { name: "Start run" }));
    await screen.findByText("There is no image skerry-lab/train:1 on kiln-north.");
    await user.clear(folder);
    await user.type(folder, "/home/ingrid/loop");
    await screen.findByText(/points back to a folder above it/);
  });
});

it("checks fields by the program's rules", () => {
  expect(check.command("python 'a b' --x")).toBeNull();
  expect(check.command("  ")).not.toBeNull();
  expect(check.command("a\\")).not.toBeNull();
  expect(check.absolutePath("relative")).not.toBeNull();
  expect(check.absolutePath("/a/../b")).not.toBeNull();
  expect(check.absolutePath("/data/åäö")).toBeNull();
  expect(check.envName("1A")).not.toBeNull();
  expect(tagKey("träning/fas 1")).toBeNull();
  expect(tagKey("../x")).not.toBeNull();
  expect(tagValue("x".repeat(5001))).not.toBeNull();
  expect(check.experimentName("x".repeat(501))).not.toBeNull();
});

it("puts infinities back into a series and sorts by the chosen axis", () => {
  const series = seriesOf(
    "r",
    {
      key: "loss",
      steps: [2, 0, 1],
      times: [30, 10, 20],
      values: [3, null, null],
      infinities: [{ index: 1, positive: false }],
      total: 3,
      thinned: false,
      over: null,
      smoothed: null,
    },
    "step",
    0,
  );
  expect(series.x).toEqual([0, 1, 2]);
  expect(series.y).toEqual([Number.NEGATIVE_INFINITY, Number.NaN, 3]);
});

it("reads CSV with quotes, line breaks in cells and a row cut off", () => {
  expect(parseCsv('a,b\n"x, ""y""\nz",2\n3', ",")).toEqual([["a", "b"], ['x, "y"\nz', "2"], ["3"]]);
});

it("shows where a dataset came from, also when a client wrote it as JSON", () => {
  expect(sourceText('{"uri": "penguins.csv"}')).toBe("penguins.csv");
  expect(sourceText("/srv/data")).toBe("/srv/data");
  expect(sourceText('{"tags": 1}')).toBe('{"tags": 1}');
});
