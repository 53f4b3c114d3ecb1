import { catalog, type Catalog, type MessageKey } from "./catalog";
import type { Message, Text } from "./define";

export type { MessageKey } from "./catalog";
export { define, type Message } from "./define";
export type Language = "en" | "sv";

type Placeholder<S extends string> = S extends `${string}{${infer P}}${infer Rest}`
  ? P | Placeholder<Rest>
  : never;
type PlaceholderOf<T extends Text> = T extends string
  ? Placeholder<T>
  : T extends { one: infer O extends string; other: infer R extends string }
    ? Placeholder<O> | Placeholder<R> | "n"
    : never;
type Params<K extends MessageKey> = PlaceholderOf<Catalog[K]["en"]>;
type Args<K extends MessageKey> = [Params<K>] extends [never]
  ? []
  : [params: { [P in Params<K>]: string | number }];

/** A tag that Intl accepts: `LANG=C` gives WebKitGTK "C" or "POSIX", on which Intl and charts throw. */
function usableTag(tag: string | undefined): string | undefined {
  if (!tag) return undefined;
  try {
    return Intl.getCanonicalLocales(tag.replace("_", "-"))[0];
  } catch {
    return undefined;
  }
}

const systemTag = usableTag(globalThis.navigator?.language) ?? "en-GB";
let language: Language = systemTag.toLowerCase().startsWith("sv") ? "sv" : "en";
let locale = systemTag;
const listeners = new Set<() => void>();

/** The language of the words. */
export function currentLanguage(): Language {
  return language;
}

/** The person's locale for dates and numbers; always a tag that Intl accepts. */
export function currentLocale(): string {
  return locale;
}

/** `null` follows the system. The app re-mounts its tree on a change, so `t` needs no hook. */
export function setLanguage(next: Language | null): void {
  const wanted = next ?? (systemTag.toLowerCase().startsWith("sv") ? "sv" : "en");
  // Words and numbers agree: Swedish words with English dates read wrong.
  locale = systemTag.toLowerCase().startsWith(wanted) ? systemTag : wanted === "sv" ? "sv-SE" : "en-GB";
  if (globalThis.document) document.documentElement.lang = wanted;
  if (wanted === language) return;
  language = wanted;
  for (const listener of listeners) listener();
}

export function onLanguageChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function fill(text: string, params: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? new Intl.NumberFormat(locale).format(value) : value;
  });
}

/** A message that is not in the catalog (errors, findings) in the current language. */
export function say(message: Message, params: Readonly<Record<string, string | number>> = {}): string {
  const text = message[language];
  return fill(typeof text === "string" ? text : text.other, params);
}

/** The words for `key` in the current language. */
export function t<K extends MessageKey>(key: K, ...args: Args<K>): string {
  const text: Text = catalog[key][language];
  const params = (args[0] ?? {}) as Record<string, string | number>;
  const chosen =
    typeof text === "string"
      ? text
      : new Intl.PluralRules(locale).select(Number(params.n)) === "one"
        ? text.one
        : text.other;
  return fill(chosen, params);
}
