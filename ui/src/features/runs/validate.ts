import { t } from "../../shared/i18n";

// The same rules as crates/domain/src/validate.rs, so that a field says at once what the program
// would say later. Each answers what is wrong, or null.

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;
const length = (text: string) => [...text].length;

export function experimentName(text: string): string | null {
  return text.trim() === "" || length(text) > 500 || CONTROL.test(text) ? t("runs.wrong.experiment") : null;
}

export function runName(text: string): string | null {
  return length(text) > 100 || CONTROL.test(text) ? t("runs.wrong.name") : null;
}

export function absolutePath(text: string): string | null {
  const bad =
    !text.startsWith("/") ||
    new TextEncoder().encode(text).length > 4096 ||
    CONTROL.test(text) ||
    text.split("/").includes("..");
  return bad ? t("runs.wrong.absolute") : null;
}

export function envName(text: string): string | null {
  return /^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(text) ? null : t("runs.wrong.envName");
}

/** Whether a command line splits into words: quotes closed, no backslash at the end. */
export function command(text: string): string | null {
  if (text.trim() === "") return t("runs.wrong.command");
  let quote = "";
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charAt(i);
    if (c === "\\" && quote !== "'") {
      i += 1;
      if (i >= text.length) return t("runs.wrong.backslash");
    } else if (quote === "") {
      if (c === "'" || c === '"') quote = c;
    } else if (c === quote) quote = "";
  }
  return quote === "" ? null : t("runs.wrong.quote");
}
