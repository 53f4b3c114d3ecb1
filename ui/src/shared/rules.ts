import { t } from "./i18n";

// The rules of tags, as in crates/domain/src/validate.rs. Each answers what is wrong, or null.

const length = (text: string) => [...text].length;

/** Keys of tags. Those of the program are not for people. */
export function tagKey(text: string): string | null {
  if (text.startsWith("mlflow.") || text.startsWith("skerry.")) return t("runs.wrong.reserved");
  const path = text.startsWith("/") || text.split("/").some((part) => part === "." || part === "..");
  return text !== "" && length(text) <= 250 && /^[\p{L}\p{N}_\-. :/]+$/u.test(text) && !path
    ? null
    : t("runs.wrong.key");
}

export function tagValue(text: string): string | null {
  return length(text) > 5000 ? t("runs.wrong.value") : null;
}
