import { andFilter, idsFilter } from "./language";
import type { Wanted } from "./readRuns";

/** The runs in MLflow's search language: those that are chosen, or what is filtered by. */
export const searchString = (wanted: Wanted, ids: readonly string[]) =>
  ids.length > 0 ? idsFilter(ids) : wanted.filter;

/** JSON's string is Python's too. */
const text = (value: string) => JSON.stringify(value);

/** A Python program that finds the same runs with MLflow's client. */
export function pythonSnippet(wanted: Wanted, ids: readonly string[]): string {
  const machine = wanted.machine_id === null ? "" : `attributes.machine_id = '${wanted.machine_id}'`;
  const filter = searchString(wanted, ids) || machine;
  const both = ids.length === 0 && wanted.filter !== "" && machine !== "";
  const experiment = ids.length === 0 ? wanted.experiment : null;
  const args = [
    experiment === null ? "search_all_experiments=True" : `experiment_names=[${text(experiment)}]`,
    ...(filter === "" ? [] : [`filter_string=${text(both ? andFilter(wanted.filter, machine) : filter)}`]),
    ...(wanted.order_by.length === 0 ? [] : [`order_by=[${wanted.order_by.map(text).join(", ")}]`]),
    ...(wanted.stage === "deleted" ? ["run_view_type=mlflow.entities.ViewType.DELETED_ONLY"] : []),
  ];
  return `import mlflow\n\nruns = mlflow.search_runs(\n${args.map((arg) => `    ${arg},\n`).join("")})\n`;
}
