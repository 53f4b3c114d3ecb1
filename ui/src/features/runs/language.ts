// MLflow's search language as it is written and typed here; what a filter means is the program's to say.
import type { RunRow } from "../../bindings/api";
import { columnNumber, metricColumn } from "./metricColumns";
import { columnKey, paramOf } from "./values";

export interface Token {
  /** `field` is any word, `metrics.acc` and `and` alike; `text` and backticked fields may still be open. */
  readonly kind: "field" | "text" | "number" | "sign" | "open" | "close" | "comma" | "other";
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const SHAPES: readonly [Token["kind"], RegExp][] = [
  ["text", /'(?:[^']|'')*'?|"(?:[^"]|"")*"?/uy],
  ["number", /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d*)?/uy],
  [
    "field",
    /(?:[\p{L}_][\p{L}\p{N}_]*(?:\.(?:`(?:[^`]|``)*`?|"(?:[^"]|"")*"?|[\p{L}\p{N}_./]*))?|`(?:[^`]|``)*`?)/uy,
  ],
  ["sign", /!=|<=|>=|<>|[=<>!]/uy],
  ["open", /\(/uy],
  ["close", /\)/uy],
  ["comma", /,/uy],
  ["other", /\S/uy],
];

export function tokensOf(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const space = /\s+/uy;
    space.lastIndex = at;
    at += space.exec(text)?.[0].length ?? 0;
    for (const [kind, shape] of SHAPES) {
      shape.lastIndex = at;
      const match = shape.exec(text)?.[0];
      if (!match) continue;
      found.push({ kind, text: match, from: at, to: at + match.length });
      at += match.length;
      break;
    }
  }
  return found;
}

/** Whether a condition that is put behind a filter would hold only for a part of it. */
const hasOr = (filter: string) =>
  tokensOf(filter).some((token) => token.kind === "field" && token.text.toLowerCase() === "or");

/** A filter with one more condition, which holds for all of it. */
export function andFilter(filter: string, condition: string): string {
  const text = filter.trim();
  if (text === "") return condition;
  return `${hasOr(text) ? `(${text})` : text} and ${condition}`;
}

/** In quotation marks; a mark that is inside too is doubled, which MLflow's own server does not read. */
export function quoted(value: string): string {
  if (!value.includes("'")) return `'${value}'`;
  return value.includes('"') ? `'${value.replaceAll("'", "''")}'` : `"${value}"`;
}

/** A column as the language names it. */
export function fieldOf(id: string): string {
  const { kind, key } = columnKey(id);
  return /^[A-Za-z_]\w*$/.test(key) ? id : `${kind}.\`${key.replaceAll("`", "``")}\``;
}

export type Sign = "=" | "≠" | "≥" | "≤" | "none";

/** A condition on the value of a cell. */
export interface Condition {
  readonly sign: Sign;
  /** The value as it stands in the filter. */
  readonly value: string;
  readonly clause: string;
}

const WRITTEN = { "=": "=", "≠": "!=", "≥": ">=", "≤": "<=" } as const;

function compared(id: string, sign: keyof typeof WRITTEN, value: string, written: string): Condition {
  return { sign, value, clause: `${fieldOf(id)} ${WRITTEN[sign]} ${written}` };
}

const texts = (id: string, value: string): Condition[] => [
  compared(id, "=", value, quoted(value)),
  compared(id, "≠", value, quoted(value)),
];

const numbers = (id: string, value: number): Condition[] => [
  compared(id, "≥", String(value), String(value)),
  compared(id, "≤", String(value), String(value)),
];

/** What a filter can say of the value that a run has in a column; the language has no word for some. */
export function conditionsOf(row: RunRow, id: string): Condition[] {
  const { kind, key } = columnKey(id);
  const metric = metricColumn(id);
  if (metric !== null) {
    const value = metric.of === "last" ? columnNumber(row, id) : undefined;
    return value !== undefined && Number.isFinite(value) ? numbers(id, value) : [];
  }
  if (kind === "attributes") {
    const at = key === "start_time" ? row.started_at : key === "end_time" ? row.ended_at : null;
    if (at !== null) return numbers(id, at);
    const text = { run_name: row.name, run_id: row.id, status: row.status, user_id: row.user }[key];
    return text ? texts(id, text) : [];
  }
  const value = kind === "params" ? paramOf(row, key) : row.tags.find((tag) => tag.key === key)?.value;
  return value === undefined
    ? [{ sign: "none", value: "", clause: `${fieldOf(id)} IS NULL` }]
    : texts(id, value);
}

/** The runs with these ids. */
export const idsFilter = (ids: readonly string[]) =>
  `attributes.run_id IN (${ids.map((id) => `'${id}'`).join(", ")})`;
