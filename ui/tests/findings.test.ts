import { readFileSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import type { Check, Finding } from "../src/bindings/api";
import { checkWords, findingWords } from "../src/features/machines/findings";
import { setLanguage } from "../src/shared/i18n";

afterEach(() => setLanguage("en"));

const bindings = readFileSync("src/bindings/api.ts", "utf8");
const names = [...(/export type Finding = ([^;]+);/.exec(bindings)?.[1] ?? "").matchAll(/"(\w+)"/g)].map(
  (m) => m[1] ?? "",
);

function check(finding: Finding, facts: Record<string, string>, state: Check["state"] = "ok"): Check {
  return {
    id: "memory",
    state,
    finding,
    facts,
    value: "English",
    cause: "English",
    remedy: "English",
    command: null,
    ms: 1,
    limit_ms: 1000,
    required: false,
  };
}

it("has words for every finding of the program, and for no other", () => {
  expect(Object.keys(findingWords).sort()).toEqual([...names].sort());
});

it("takes the same facts in both languages", () => {
  const holes = (text: unknown) => [...String(text).matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
  const unlike = Object.entries(findingWords).flatMap(([name, words]) =>
    Object.values(words).some(({ en, sv }) => holes(en).join() !== holes(sv).join()) ? [name] : [],
  );
  expect(unlike).toEqual([]);
});

it("says sizes in the person's numbers, and leaves out what is not known", () => {
  setLanguage("sv");
  expect(
    checkWords(check("memory_found", { total_bytes: "67324796928", free_bytes: "1610612736" })).value,
  ).toBe("62,7 GiB, 1,5 GiB ledigt");
  expect(checkWords(check("memory_found", { total_bytes: "67324796928", free_bytes: "" })).value).toBe(
    "62,7 GiB",
  );
  expect(checkWords(check("cpu_found", { count: "4", name: "" })).value).toBe("4");
  expect(checkWords(check("engine_found", { engine: "podman", version: "5.2.0", api: "" })).value).toBe(
    "Podman 5.2.0",
  );
  expect(checkWords(check("engine_found", { engine: "docker", version: "", api: "" })).value).toBe("Docker");
  const clock = checkWords(check("clock_ahead", { skew_ms: "60000", synced: "no" }, "warning"));
  expect(clock).toMatchObject({ value: "1 min 0 s före den här datorn" });
  expect(clock.cause).toContain("Klockorna");
});

it("keeps the program's own words where it names no finding", () => {
  const { finding: _, ...old } = check("os_fine", {}, "failed");
  expect(checkWords(old)).toEqual({ value: "English", cause: "English", remedy: "English" });
});
