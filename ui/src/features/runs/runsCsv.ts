import type { RunRow } from "../../bindings/api";
import { ATTRIBUTES } from "./columns";
import { columnValue, metricColumn } from "./metricColumns";
import { columnKey, durationOf, paramOf } from "./values";

const NAME = "attributes.run_name";
const FIRST = ["attributes.run_id", NAME];
const ALL = [...FIRST, ...ATTRIBUTES.filter((id) => !FIRST.includes(id))];

const time = (at: number | null) => (at === null ? "" : new Date(at).toISOString());

/** What stands in a file: exact values, times in UTC, durations in seconds. */
function cellOf(row: RunRow, id: string): string {
  const { kind, key } = columnKey(id);
  if (kind === "params") return paramOf(row, key) ?? "";
  if (kind === "tags") return row.tags.find((tag) => tag.key === key)?.value ?? "";
  if (metricColumn(id) !== null) {
    const metric = columnValue(row, id);
    return metric === undefined ? "" : (metric.special ?? String(metric.value));
  }
  const duration = row.ended_at === null ? null : durationOf(row, row.ended_at);
  const cells: Record<string, string> = {
    run_id: row.id,
    run_name: row.name,
    status: row.status,
    experiment: row.experiment,
    machine: row.machine ?? "",
    start_time: time(row.started_at),
    end_time: time(row.ended_at),
    duration: duration === null ? "" : String(duration / 1000),
    user_id: row.user ?? "",
  };
  return cells[key] ?? "";
}

/** As MLflow names the columns of its data frames: attributes without their kind. */
const headerOf = (id: string) => (id.startsWith("attributes.") ? id.slice("attributes.".length) : id);

/**
 * A spreadsheet takes a cell that begins with one of these for a formula, also between quotation marks: names,
 * params and tags come from scripts, and must not compute on the desk of whoever opens the file. As OWASP
 * advises, an apostrophe before it makes it text. Numbers stay numbers.
 */
const harmless = (cell: string) =>
  /^[=+\-@\t\r]/.test(cell) && !Number.isFinite(Number(cell)) && cell !== "-Infinity" ? `'${cell}` : cell;

/** A line as RFC 4180 has it. */
function line(cells: readonly string[]): string {
  const written = cells
    .map(harmless)
    .map((cell) => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return `${written.join(",")}\r\n`;
}

const keysOf = (row: RunRow) => [
  ...row.params.map((p) => `params.${p.key}`),
  ...row.metrics.map((m) => `metrics.${m.key}`),
  ...row.tags.map((tag) => `tags.${tag.key}`),
];
const ORDER = ["params", "metrics", "tags"];

/**
 * Runs as comma-separated values, gathered part by part: with the columns that are chosen, or with all there
 * turn out to be (`null`), which are known only at the end.
 */
export function runsCsv(chosen: readonly string[] | null) {
  const ids = chosen === null ? [...ALL] : [...new Set([...FIRST, ...chosen])];
  const places = new Map(ids.map((id, i) => [id, i] as const));
  const rows: string[][] = [];
  return {
    add(part: readonly RunRow[]) {
      for (const row of part) {
        const own = chosen === null ? keysOf(row) : [];
        for (const id of own) {
          if (places.has(id)) continue;
          places.set(id, ids.length);
          ids.push(id);
        }
        rows.push(ids.map((id) => cellOf(row, id)));
      }
    },
    file(): Blob {
      const found = chosen === null ? ids.slice(ALL.length) : [];
      found.sort(
        (a, b) =>
          ORDER.indexOf(columnKey(a).kind) - ORDER.indexOf(columnKey(b).kind) || (a < b ? -1 : a > b ? 1 : 0),
      );
      const order = [...ids.slice(0, ids.length - found.length), ...found];
      const at = order.map((id) => places.get(id) ?? 0);
      const parts = [line(order.map(headerOf))];
      for (let from = 0; from < rows.length; from += 1000) {
        parts.push(
          rows
            .slice(from, from + 1000)
            .map((cells) => line(at.map((i) => cells[i] ?? "")))
            .join(""),
        );
      }
      return new Blob(parts, { type: "text/csv;charset=utf-8" });
    },
  };
}
