import { t } from "../../shared/i18n";

// The same rules as crates/domain/src/validate.rs.

export function deploymentName(text: string): string | null {
  return /^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/.test(text) ? null : t("deployments.wrong.name");
}

export function port(value: number | null): string | null {
  return value === null || (Number.isInteger(value) && value >= 1024 && value <= 65_535)
    ? null
    : t("deployments.wrong.port");
}

/** What keeps a text from being a request body, or null. */
export function body(text: string): string | null {
  if (new TextEncoder().encode(text).length > 1_048_576) return t("deployments.tooLong");
  try {
    JSON.parse(text);
    return null;
  } catch (e) {
    return t("deployments.badJson", { why: e instanceof Error ? e.message : String(e) });
  }
}

/** A deployment's name that fits the model's. */
export function nameFor(model: string): string {
  return model
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 50)
    .replace(/^-+|-+$/g, "");
}
