import { andFilter, idsFilter } from "./language";
import type { Wanted } from "./readRuns";

/** How the language says whether a run is archived; of the bin it knows nothing. */
const SAID = {
  active: "tags.`skerry.archived` IS NULL",
  archived: "tags.`skerry.archived` IS NOT NULL",
  deleted: null,
};

/** The runs in MLflow's search language: those that are chosen, or what is filtered by. */
export function searchString(wanted: Wanted, ids: readonly string[]): string {
  if (ids.length > 0) return idsFilter(ids);
  const said = SAID[wanted.stage];
  return said === null ? wanted.filter : andFilter(wanted.filter, said);
}

/** JSON's string is Python's too. */
const text = (value: string) => JSON.stringify(value);

/** A Python program that finds the same runs with MLflow's client. */
export function pythonSnippet(wanted: Wanted, ids: readonly string[]): string {
  const narrowed =
    wanted.machine_id === null || ids.length > 0
      ? wanted
      : { ...wanted, filter: andFilter(wanted.filter, `attributes.machine_id = '${wanted.machine_id}'`) };
  const filter = searchString(narrowed, ids);
  // The smallest and the largest value are no words of MLflow's.
  const order = wanted.order_by.filter((by) => !/^metrics_(min|max)\./.test(by));
  const experiment = ids.length === 0 ? wanted.experiment : null;
  const args = [
    experiment === null ? "search_all_experiments=True" : `experiment_names=[${text(experiment)}]`,
    ...(filter === "" ? [] : [`filter_string=${text(filter)}`]),
    ...(order.length === 0 ? [] : [`order_by=[${order.map(text).join(", ")}]`]),
    ...(wanted.stage === "deleted" ? ["run_view_type=mlflow.entities.ViewType.DELETED_ONLY"] : []),
  ];
  return `import mlflow\n\nruns = mlflow.search_runs(\n${args.map((arg) => `    ${arg},\n`).join("")})\n`;
}
