import { describe, expect, it } from "vitest";
import type { RunKeys, RunRow, RunStage } from "../../bindings/api";
import { RUNS } from "../../fixtures/runs";
import { completionOf, valuesAt } from "./complete";
import { andFilter, conditionsOf, fieldOf, idsFilter, quoted } from "./language";
import { pythonSnippet, searchString } from "./snippets";

const run = RUNS[1] as RunRow;

describe("conditions", () => {
  it("quote values and keys so that the program reads them back", () => {
    expect(quoted("0.01")).toBe("'0.01'");
    expect(quoted("it's")).toBe(`"it's"`);
    expect(quoted(`both ' and "`)).toBe(`'both '' and "'`);
    expect(fieldOf("params.lr")).toBe("params.lr");
    expect(fieldOf("metrics.val/f1")).toBe("metrics.`val/f1`");
    expect(fieldOf("tags.a`b")).toBe("tags.`a``b`");
    expect(fieldOf("params.1st")).toBe("params.`1st`");
  });

  it("hold for all of a filter, also one that has an or", () => {
    expect(andFilter("", "params.a = '1'")).toBe("params.a = '1'");
    expect(andFilter("metrics.x > 1", "params.a = '1'")).toBe("metrics.x > 1 and params.a = '1'");
    expect(andFilter("metrics.x > 1 OR metrics.y > 1", "params.a = '1'")).toBe(
      "(metrics.x > 1 OR metrics.y > 1) and params.a = '1'",
    );
    // Inside a value it is no word of the language.
    expect(andFilter("params.b = 'this or that'", "params.a = '1'")).toBe(
      "params.b = 'this or that' and params.a = '1'",
    );
  });

  it("say of each kind of value what the language can say", () => {
    const row: RunRow = {
      ...run,
      status: "FAILED",
      started_at: 1_700_000_000_000,
      metrics: [
        { key: "val/f1", value: 1e-7, special: null, step: 1, at: 1 },
        { key: "loss", value: null, special: "NaN", step: 1, at: 1 },
      ],
      params: [{ key: "lr", value: "0.01" }],
      tags: [],
    };
    const clauses = (id: string) => conditionsOf(row, id).map((condition) => condition.clause);
    expect(clauses("attributes.status")).toEqual([
      "attributes.status = 'FAILED'",
      "attributes.status != 'FAILED'",
    ]);
    expect(clauses("attributes.start_time")).toEqual([
      "attributes.start_time >= 1700000000000",
      "attributes.start_time <= 1700000000000",
    ]);
    expect(clauses("metrics.val/f1")).toEqual(["metrics.`val/f1` >= 1e-7", "metrics.`val/f1` <= 1e-7"]);
    expect(clauses("metrics.loss")).toEqual([]);
    expect(clauses("metrics.none")).toEqual([]);
    expect(clauses("params.lr")).toEqual(["params.lr = '0.01'", "params.lr != '0.01'"]);
    expect(clauses("tags.team")).toEqual(["tags.team IS NULL"]);
    expect(clauses("attributes.duration")).toEqual([]);
  });
});

describe("completion", () => {
  const known: RunKeys = {
    metrics: ["accuracy", "val/f1"],
    params: ["lr", "optimizer"],
    tags: ["team"],
  };
  const offered = (text: string, caret = text.length) => {
    const values = valuesAt(text, caret) === "params.optimizer" ? ["adam", "sgd"] : [];
    return completionOf(text, caret, known, values).items.map((item) => item.text);
  };

  it("offers fields by their key or their kind, and nothing for an empty filter", () => {
    expect(offered("")).toEqual([]);
    expect(offered("acc")).toEqual(["metrics.accuracy"]);
    expect(offered("metrics.")).toEqual(["metrics.accuracy", "metrics.`val/f1`"]);
    expect(offered("metrics.val")).toEqual(["metrics.`val/f1`"]);
    expect(offered("stat")).toEqual(["attributes.status"]);
    expect(offered("amber tern")).toEqual([]);
  });

  it("offers the comparisons of a kind, the values that there are, then what joins", () => {
    expect(offered("metrics.accuracy ")).toEqual([">", ">=", "<", "<=", "=", "!="]);
    expect(offered("tags.team ")).toContain("IS NOT NULL");
    expect(offered("attributes.status = ")).toContain("'FAILED'");
    expect(offered("status = 'FA")).toEqual(["'FAILED'"]);
    expect(offered("params.optimizer = s")).toEqual(["'sgd'"]);
    expect(offered("metrics.accuracy > 0.9 ")).toEqual(["and", "or"]);
    expect(offered("metrics.accuracy > 0.9 and te")).toContain("tags.team");
    expect(offered("tags.team IS NOT NULL a")).toEqual(["and"]);
    expect(offered("(params.optimizer IN ('adam', 's")).toEqual(["'sgd'"]);
  });

  it("replaces the word under the caret and no other", () => {
    const text = "metrics.acc > 0.9 and params.lr = '1'";
    expect(completionOf(text, "metrics.acc".length, known, [])).toMatchObject({ from: 0, to: 11 });
    expect(completionOf("par", 3, known, [])).toMatchObject({ from: 0, to: 3 });
  });
});

describe("copies", () => {
  const wanted = {
    filter: "metrics.`val/f1` > 0.9 and params.opt = 'adam'",
    order_by: ["metrics.`val/f1` DESC"],
    experiment: 'the "blue" one',
    machine_id: null,
    stage: "active",
  } as const;

  it("are the filter, or the ids of what is selected", () => {
    const said = (stage: RunStage, filter: string = wanted.filter) =>
      searchString({ ...wanted, order_by: [], stage, filter }, []);
    expect(said("active")).toBe(`${wanted.filter} and tags.\`skerry.archived\` IS NULL`);
    expect(said("active", "a = 1 or b = 2")).toBe("(a = 1 or b = 2) and tags.`skerry.archived` IS NULL");
    expect(said("archived", "")).toBe("tags.`skerry.archived` IS NOT NULL");
    expect(said("deleted")).toBe(wanted.filter);
    expect(searchString({ ...wanted, order_by: [] }, ["a", "b"])).toBe(idsFilter(["a", "b"]));
    expect(idsFilter(["a", "b"])).toBe("attributes.run_id IN ('a', 'b')");
  });

  it("are a Python program that finds the same runs", () => {
    expect(pythonSnippet({ ...wanted, order_by: [...wanted.order_by] }, [])).toBe(`import mlflow

runs = mlflow.search_runs(
    experiment_names=["the \\"blue\\" one"],
    filter_string="metrics.\`val/f1\` > 0.9 and params.opt = 'adam' and tags.\`skerry.archived\` IS NULL",
    order_by=["metrics.\`val/f1\` DESC"],
)
`);
    const chosen = pythonSnippet({ ...wanted, order_by: [], stage: "deleted", machine_id: "m" }, ["a"]);
    expect(chosen).toContain("    search_all_experiments=True,\n");
    expect(chosen).toContain(`filter_string="attributes.run_id IN ('a')"`);
    expect(chosen).toContain("run_view_type=mlflow.entities.ViewType.DELETED_ONLY");
    const machine = pythonSnippet({ ...wanted, filter: "a = 1 or b = 2", order_by: [], machine_id: "m" }, []);
    expect(machine).toContain(
      "\"((a = 1 or b = 2) and attributes.machine_id = 'm') and tags.`skerry.archived` IS NULL\"",
    );
  });
});
