import { t } from "../../shared/i18n";

/* The same rules as skerry_domain::validate, asked while one types; Rust asks them again. */

function isIpv4(value: string): boolean {
  const parts = value.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function isIpv6(value: string): boolean {
  if (!value.includes(":") || !/^[0-9a-fA-F:.]+$/.test(value)) return false;
  try {
    return new URL(`http://[${value}]/`).hostname !== "";
  } catch {
    return false;
  }
}

/** A host as it is sent: people paste IPv6 addresses with their brackets. */
export function tidyHost(value: string): string {
  const trimmed = value.trim();
  return /^\[.*\]$/.test(trimmed) ? trimmed.slice(1, -1) : trimmed;
}

export function hostProblem(value: string): string | null {
  if (value === "") return t("setup.invalid.host");
  if (isIpv4(value) || isIpv6(value)) return null;
  const name = value.endsWith(".") ? value.slice(0, -1) : value;
  const numeric = /^[\d.]*$/.test(name);
  const labels = name
    .split(".")
    .every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label));
  return value.length > 253 || numeric || !labels ? t("setup.invalid.hostForm") : null;
}

export function portProblem(value: number | null): string | null {
  return value !== null && Number.isInteger(value) && value >= 1 && value <= 65_535
    ? null
    : t("setup.invalid.port");
}

export function userProblem(value: string): string | null {
  if (value === "") return t("setup.invalid.user");
  const bytes = new TextEncoder().encode(value).length;
  const odd = /[\s\p{Cc}/:@'"\\$`;&|<>()*?!#]/u.test(value);
  return bytes > 64 || value.startsWith("-") || odd ? t("setup.invalid.userForm") : null;
}

export function displayNameProblem(value: string): string | null {
  const name = value.trim();
  if (name === "") return t("setup.invalid.name");
  if (Array.from(name).length > 100) return t("setup.invalid.nameLong");
  return /\p{Cc}/u.test(name) ? t("setup.invalid.nameControl") : null;
}
