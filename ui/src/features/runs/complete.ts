// What could come next in a filter that is being typed.
import type { RunKeys } from "../../bindings/api";
import { fieldOf, quoted, type Token, tokensOf } from "./language";
import { columnKey } from "./values";

export interface Suggestion {
  /** What is written in place of what stands there. */
  readonly text: string;
  /** What kind of thing it is, beside it. */
  readonly kind: "metric" | "param" | "tag" | "attribute" | "sign" | "value" | "join";
}

export interface Completion {
  readonly from: number;
  readonly to: number;
  readonly items: readonly Suggestion[];
}

const ATTRIBUTES = ["run_name", "status", "user_id", "start_time", "end_time", "run_id"];
const NUMBERS = ["start_time", "end_time"];
const STATUSES = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];
const MOST = 8;

type Place = "field" | "sign" | "value" | "list" | "join";

/** What may stand after some tokens, and the field that it is about. */
function placeAfter(tokens: readonly Token[]): { place: Place; field: string } {
  let place: Place = "field";
  let field = "";
  for (const token of tokens) {
    const word = token.kind === "field" ? token.text.toUpperCase() : "";
    if (place === "field") {
      if (token.kind === "field") {
        field = token.text;
        place = "sign";
      }
    } else if (place === "sign") {
      if (token.kind === "sign" || ["LIKE", "ILIKE", "IN"].includes(word)) place = "value";
      else if (word === "NULL") place = "join";
    } else if (place === "value") place = token.kind === "open" ? "list" : "join";
    else if (place === "list") place = token.kind === "close" ? "join" : "list";
    else if (word === "AND" || word === "OR") place = "field";
  }
  return { place, field };
}

/** The id of the column that a field names, `attributes.` before a bare one; null for what is none. */
function columnOf(field: string): string | null {
  const dot = field.indexOf(".");
  if (dot < 0) return ATTRIBUTES.includes(field) ? `attributes.${field}` : null;
  const kind = field.slice(0, dot).toLowerCase();
  const key = field.slice(dot + 1);
  const marked = /^[`"]/.test(key);
  return `${kind}.${marked ? key.slice(1).replace(/[`"]$/, "").replaceAll("``", "`") : key}`;
}

function signsOf(column: string): string[] {
  const { kind, key } = columnKey(column);
  if (kind === "metrics" || NUMBERS.includes(key)) return [">", ">=", "<", "<=", "=", "!="];
  if (kind === "attributes") return key === "run_id" ? ["=", "!=", "IN"] : ["=", "!=", "LIKE", "ILIKE"];
  return ["=", "!=", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL"];
}

function fieldsOf(known: RunKeys): Suggestion[] {
  const of = (kind: Suggestion["kind"], name: string, keys: readonly string[]) =>
    keys.map((key): Suggestion => ({ kind, text: fieldOf(`${name}.${key}`) }));
  return [
    ...of("attribute", "attributes", ATTRIBUTES),
    ...of("metric", "metrics", known.metrics),
    ...of("param", "params", known.params),
    ...of("tag", "tags", known.tags),
  ];
}

/** Those that begin as typed, whole or behind their dot, before those that have it somewhere in them. */
function matching(all: readonly Suggestion[], typed: string): Suggestion[] {
  const wanted = typed.toLowerCase().replace(/[`'"]/g, "");
  const rank = ({ text }: Suggestion) => {
    const plain = text.toLowerCase().replace(/[`'"]/g, "");
    const key = plain.slice(plain.indexOf(".") + 1);
    if (plain === wanted) return 3;
    if (plain.startsWith(wanted) || key.startsWith(wanted)) return 0;
    return key.includes(wanted) ? 1 : 3;
  };
  return all
    .map((each) => ({ each, at: rank(each) }))
    .filter(({ at }) => at < 3)
    .sort((a, b) => a.at - b.at)
    .slice(0, MOST)
    .map(({ each }) => each);
}

/** What stands under the caret, and what may stand there. */
function spotOf(text: string, caret: number) {
  const tokens = tokensOf(text);
  const under = tokens.find((token) => token.from < caret && caret <= token.to);
  const from = under?.from ?? caret;
  const { place, field } = placeAfter(tokens.filter((token) => token.to <= from));
  return { under, from, to: under?.to ?? caret, place, column: columnOf(field) };
}

/** The column whose values could come next: `params.lr`, `attributes.user_id`. */
export function valuesAt(text: string, caret: number): string | null {
  const { place, column } = spotOf(text, caret);
  return place === "value" || place === "list" ? column : null;
}

/** What could stand at the caret; `values` are those of the column that `valuesAt` tells. */
export function completionOf(
  text: string,
  caret: number,
  known: RunKeys,
  values: readonly string[],
): Completion {
  const { under, from, to, place, column } = spotOf(text, caret);
  const typed = text.slice(from, caret);
  const plain = (kind: Suggestion["kind"], texts: readonly string[]) =>
    texts.map((each): Suggestion => ({ kind, text: each }));
  let all: Suggestion[] = [];
  // An empty field offers nothing: words alone search the names.
  if (place === "field" && text.trim() !== "") all = fieldsOf(known);
  else if (place === "sign" && column !== null && under?.kind !== "sign")
    all = plain("sign", signsOf(column));
  else if ((place === "value" || place === "list") && column !== null)
    all = plain(
      "value",
      (column === "attributes.status" ? STATUSES : values).map((value) => quoted(value)),
    );
  else if (place === "join" && column !== null) all = plain("join", ["and", "or"]);
  return { from, to, items: matching(all, typed) };
}
