import { t } from "../../shared/i18n";

// The same rules as crates/domain/src/validate.rs; the registry's are OCI's.

export function modelName(text: string): string | null {
  const bad =
    text.trim() === "" ||
    [...text].length > 256 ||
    text === "." ||
    text === ".." ||
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
    /[/:\\"'\u0000-\u001f\u007f]/.test(text);
  return bad ? t("models.wrong.name") : null;
}

export function alias(text: string): string | null {
  if (!/^[A-Za-z0-9_.-]{1,255}$/.test(text)) return t("models.wrong.alias");
  return /^(?:latest|v\d+)$/i.test(text) ? t("models.wrong.aliasReserved") : null;
}

export function repository(text: string): string | null {
  const part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
  return text.length <= 200 && new RegExp(`^${part}(?:/${part})*$`).test(text)
    ? null
    : t("models.wrong.repository");
}

export function imageTag(text: string): string | null {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(text) ? null : t("models.wrong.tag");
}

export function registryHost(text: string): string | null {
  const found = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?$/.exec(text);
  const port = found?.[1] ? Number(found[1]) : 443;
  return found && text.length <= 255 && port >= 1 && port <= 65_535 ? null : t("models.wrong.host");
}

/** A repository that fits the model's name. */
export function repositoryFor(name: string): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return `models/${plain || "model"}`;
}
