import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { adviceOf } from "../src/shared/components/advice";
import { swedishReasons } from "../src/shared/errors/reasons";
import { errorLine } from "../src/shared/errors/words";
import { setLanguage } from "../src/shared/i18n";

const bindings = readFileSync("src/bindings/api.ts", "utf8");
const reasons = [...(/export type Reason = ([^;]+);/.exec(bindings)?.[1] ?? "").matchAll(/"(\w+)"/g)].map(
  (m) => m[1] ?? "",
);

beforeEach(() => setLanguage("sv"));
afterEach(() => setLanguage("en"));

it("has a Swedish sentence for every reason of the program, and for no other", () => {
  expect(reasons.length).toBeGreaterThan(100);
  expect(Object.keys(swedishReasons).sort()).toEqual([...reasons].sort());
});

it("says the reason with its facts, and the code's words where a fact is missing or there is no reason", () => {
  const body = { code: "port_taken", message: "Port 9000 on rock belongs to 'a'." } as const;
  expect(
    errorLine({
      ...body,
      reason: "port_of_deployment",
      details: { port: "9000", machine: "rock", deployment: "a" },
    }),
  ).toBe("Port 9000 på rock tillhör driftsättningen ”a”.");
  expect(errorLine({ ...body, reason: "port_of_deployment", details: { port: "9000" } })).toBe(
    "Ett annat program lyssnar på den porten.",
  );
  expect(errorLine(body)).toBe("Ett annat program lyssnar på den porten.");
});

it("takes the first of the sentences whose facts are all known, and writes sizes as people do", () => {
  const killed = { code: "workload_gone", message: "Killed.", reason: "killed_from_outside" } as const;
  expect(errorLine({ ...killed, details: { signal: "9", signal_name: "SIGKILL" } })).toContain("SIGKILL");
  expect(errorLine({ ...killed, details: { signal: "40", signal_name: "" } })).toBe(
    "Körningen dödades utifrån av signal 40.",
  );
  expect(errorLine(killed)).toBe("Körningens process dödades utifrån.");
  expect(
    errorLine({
      code: "invalid",
      message: "Too large.",
      reason: "project_too_large",
      details: { files: "20000", bytes: "4294967296" },
    }),
  ).toContain("4 GiB");
});

it("keeps the program's exact sentence in English", () => {
  setLanguage("en");
  expect(errorLine({ code: "port_taken", message: "Port 1 is taken.", reason: "no_free_port" })).toBe(
    "Port 1 is taken.",
  );
});

it("gives advice on passwords in the person's language", () => {
  const judged = { advice: ["Avoid sequences."], advice_keys: ["avoid_sequences" as const] };
  expect(adviceOf(judged)).toEqual(["Undvik följder."]);
  setLanguage("en");
  expect(adviceOf(judged)).toEqual(["Avoid sequences."]);
});
