import { afterEach, describe, expect, it } from "vitest";
import { formatBytes, formatDuration, formatNumber } from "../src/shared/format";
import { currentLocale, setLanguage, t } from "../src/shared/i18n";
import { catalog } from "../src/shared/i18n/catalog";
import type { Message, Text } from "../src/shared/i18n/define";

const forms = (text: Text): string[] => (typeof text === "string" ? [text] : [text.one, text.other]);
const holes = (text: Text): string[] =>
  [...new Set(forms(text).flatMap((form) => [...form.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? "")))].sort();

afterEach(() => setLanguage("en"));

describe("catalog", () => {
  const entries = Object.entries(catalog as Record<string, Message>);

  it("says everything in both languages, with the same holes to fill", () => {
    const wrong = entries
      .filter(([, { en, sv }]) => {
        const empty = [...forms(en), ...forms(sv)].some((form) => form.trim() === "");
        return empty || typeof en !== typeof sv || holes(en).join() !== holes(sv).join();
      })
      .map(([key]) => key);
    expect(wrong).toEqual([]);
  });

  it("has no key in two files: each file's prefix is its own", async () => {
    const files = import.meta.glob<Record<string, Record<string, Message>>>(
      "../src/shared/i18n/messages/*.ts",
      {
        eager: true,
      },
    );
    const count = Object.values(files).flatMap((file) =>
      Object.values(file).flatMap((group) => Object.keys(group)),
    );
    expect(count.length).toBe(new Set(count).size);
    expect(count.length).toBe(entries.length);
  });
});

describe("t", () => {
  it("fills in, counts and follows the language", () => {
    setLanguage("en");
    expect(t("machines.count", { n: 1 })).toBe("1 machine");
    expect(t("machines.count", { n: 1200 })).toBe("1,200 machines");
    setLanguage("sv");
    expect(t("machines.count", { n: 2 })).toBe("2 maskiner");
    expect(document.documentElement.lang).toBe("sv");
  });

  it("leaves what a person typed as it is", () => {
    expect(t("common.typeToConfirm", { name: "$& {name} $1" })).toBe("Type $& {name} $1 to confirm");
  });
});

describe("numbers and lengths of time", () => {
  it("always has a locale that Intl accepts", () => {
    for (const language of ["en", "sv", null] as const) {
      setLanguage(language);
      expect(() => new Intl.NumberFormat(currentLocale())).not.toThrow();
    }
  });

  it.each([
    [0, "0 ms"],
    [192_000, "3 min 12 s"],
    [3_600_000, "1 h 0 min"],
    [90_000_000, "1 d 1 h"],
    [Number.NaN, "–"],
  ])("writes %d ms as %s", (ms, words) => {
    expect(formatDuration(ms)).toBe(words);
  });

  it.each([
    [0, "0 B"],
    [1536, "1.5 KiB"],
    [1_099_511_627_776, "1 TiB"],
  ])("writes %d bytes as %s", (bytes, words) => {
    expect(formatBytes(bytes)).toBe(words);
  });

  it.each([
    [Number.NaN, "NaN"],
    [Number.NEGATIVE_INFINITY, "−∞"],
    [0.00001234, "1.234e−5"],
    [1234567, "1,234,567"],
    [0.123456789, "0.12346"],
  ])("writes %d as %s", (value, words) => {
    expect(formatNumber(value)).toBe(words);
  });
});
