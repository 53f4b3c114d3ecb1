import type { UiCode, UiError } from "../backend/types";
import { currentLanguage, say } from "../i18n";
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

/** A failure in one line. The program's own sentence is exact but English: elsewhere the table speaks. */
export function errorLine(body: UiError): string {
  return currentLanguage() === "en" && body.message ? body.message : errorWords(body.code).why;
}
