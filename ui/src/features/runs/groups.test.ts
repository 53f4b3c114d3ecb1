import { expect, it } from "vitest";
import type { RunRow } from "../../bindings/api";
import { RUNS } from "../../fixtures/runs";
import { fakeBackend } from "../../shared/backend/fake";
import { grouping } from "./groups";
import { readRuns } from "./readRuns";
import { runsCsv } from "./runsCsv";

const base = RUNS[1] as RunRow;
const row = (id: string, opt: string | null, loss: number | null, special: string | null = null): RunRow => ({
  ...base,
  id,
  name: id,
  params: opt === null ? [] : [{ key: "opt", value: opt }],
  tags: [],
  metrics: loss === null && special === null ? [] : [{ key: "loss", value: loss, special, step: 0, at: 0 }],
});

it("sums up groups exactly: also far from zero, without what is not finite, and of single runs", () => {
  const sums = grouping("params.opt", ["metrics.loss"]);
  const far = 1e9;
  sums.add([row("a", "adam", far + 4), row("b", "adam", far + 7), row("c", "sgd", 1), row("d", null, 2)]);
  sums.add([
    row("e", "adam", far + 13),
    row("f", "adam", null, "NaN"),
    row("g", "adam", far + 16),
    row("h", "sgd", null),
  ]);
  const groups = sums.groups();
  const of = (value: string | null) => groups.find((group) => group.value === value);
  expect(of("adam")?.runs).toBe(5);
  expect(of("adam")?.metrics.get("metrics.loss")).toEqual({
    count: 4,
    mean: far + 10,
    min: far + 4,
    max: far + 16,
    deviation: Math.sqrt(30),
  });
  expect(of("sgd")).toMatchObject({ runs: 2 });
  expect(of("sgd")?.metrics.get("metrics.loss")).toMatchObject({ count: 1, mean: 1, deviation: Number.NaN });
  expect(of(null)?.runs).toBe(1);
});

const WANTED = { filter: "", order_by: [], experiment: null, machine_id: null, stage: "active" } as const;

async function all(most: number, runs: readonly RunRow[], complete: readonly RunRow[] = []) {
  const backend = fakeBackend({
    runs_search: ({ offset, limit }) => ({
      rows: runs.slice(offset, offset + limit),
      total: runs.length,
    }),
    run_get: ({ id }) => ({ row: complete.find((each) => each.id === id) }) as never,
  });
  const rows: RunRow[] = [];
  let total = 0;
  const wanted = { ...WANTED, order_by: [] };
  for await (const part of readRuns(backend, wanted, most, new AbortController().signal)) {
    rows.push(...part.rows);
    total = part.total;
  }
  return { rows, total, calls: backend.calls };
}

it("reads runs by parts, each once and no more than asked for", async () => {
  const many = Array.from({ length: 2500 }, (_, i) => row(`r${i}`, "adam", i));
  const { rows, total } = await all(Number.POSITIVE_INFINITY, [...many, many[0] as RunRow]);
  expect(rows).toHaveLength(2500);
  expect(total).toBe(2501);
  const bounded = await all(1200, many);
  expect(bounded.rows).toHaveLength(1200);
  expect(bounded.total).toBe(2500);
  expect(bounded.calls.map((call) => (call.args as { limit: number }).limit)).toEqual([1000, 200]);
});

it("reads a run whole when the list may have left out some of its metrics", async () => {
  const metrics = Array.from({ length: 80 }, (_, i) => ({
    key: `m${i}`,
    value: i,
    special: null,
    step: 0,
    at: 0,
  }));
  const whole = { ...row("wide", "adam", 1), metrics };
  const { rows } = await all(10, [row("a", null, 1), { ...whole, metrics: metrics.slice(0, 50) }], [whole]);
  expect(rows.map((each) => each.metrics.length)).toEqual([1, 80]);
});

it("writes runs as CSV that reads back, with the columns that turn up", async () => {
  const csv = runsCsv(null);
  const started = Date.UTC(2026, 0, 2, 3, 4, 5);
  csv.add([{ ...row("a", 'say "hi", twice', 0.5), started_at: started, ended_at: started + 1500 }]);
  csv.add([{ ...row("b", null, null, "-Infinity"), tags: [{ key: "team", value: "two\nlines" }] }]);
  const text = await csv.file().text();
  const [head, first] = text.split("\r\n");
  expect(head).toBe(
    "run_id,run_name,status,experiment,machine,start_time,duration,end_time,user_id,params.opt,metrics.loss,tags.team",
  );
  expect(first).toContain("2026-01-02T03:04:05.000Z,1.5,2026-01-02T03:04:06.500Z");
  expect(first?.endsWith('"say ""hi"", twice",0.5,')).toBe(true);
  expect(text).toContain(',-Infinity,"two\nlines"\r\n');
  const few = runsCsv(["metrics.loss", "attributes.status"]);
  few.add([row("a", "adam", 0.5)]);
  expect(await few.file().text()).toBe(`run_id,run_name,metrics.loss,status\r\na,a,0.5,${base.status}\r\n`);
});

it("lets no cell of a file compute in a spreadsheet, and leaves numbers as they are", async () => {
  const csv = runsCsv(["params.opt"]);
  const formulas = ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://a.example")'];
  const others = ["-0.5", "+3", "-1e-9", "a=1", "'=1"];
  csv.add([...formulas, ...others].map((value) => row("a", value, 0.5)));
  const lines = (await csv.file().text()).trimEnd().split("\r\n").slice(1);
  const cells = lines.map((line) => line.slice(line.indexOf(",a,") + 3));
  expect(cells).toEqual([
    "'=1+1",
    "'+A1",
    "'-A1",
    "'@SUM(A1)",
    "'\t=1",
    `"'=HYPERLINK(""http://a.example"")"`,
    ...others,
  ]);
});
