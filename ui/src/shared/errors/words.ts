import type { UiCode, UiError } from "../backend/types";
import { formatBytes } from "../format";
import { currentLanguage, say } from "../i18n";
import { swedishReasons } from "./reasons";
import { errorTable } from "./table";

/** Title, reason and remedy of a code in the current language. */
export function errorWords(code: UiCode): { title: string; why: string; act: string } {
  // A program newer than this page may send a code that the page does not know.
  const entry = errorTable[code] ?? errorTable.internal;
  return { title: say(entry.title), why: say(entry.why), act: say(entry.act) };
}

/** What *Copy details* puts on the clipboard. */
export function errorText(body: UiError): string {
  const facts = Object.entries(body.details ?? {}).map(([key, value]) => `${key}: ${value}`);
  return [`${body.code}: ${body.message}`, ...facts].join("\n");
}

function shown(key: string, value: string): string {
  return key === "bytes" && /^\d+$/.test(value) ? formatBytes(Number(value)) : value;
}

/** The first of the sentences whose details are all known. */
function sentence(choices: string, details: Readonly<Record<string, string>>): string | null {
  const known = choices
    .split("|")
    .find((each) => [...each.matchAll(/\{(\w+)\}/g)].every(([, key]) => (details[key ?? ""] ?? "") !== ""));
  return known?.replace(/\{(\w+)\}/g, (_, key: string) => shown(key, details[key] ?? "")) ?? null;
}

/**
 * Why, in one line: the program's own sentence in English; elsewhere the words of its reason with the same facts,
 * and where it names none, those of the code.
 */
export function errorLine(body: UiError): string {
  if (currentLanguage() === "en" && body.message) return body.message;
  const choices = body.reason === undefined ? undefined : swedishReasons[body.reason];
  return (choices && sentence(choices, body.details ?? {})) ?? errorWords(body.code).why;
}
