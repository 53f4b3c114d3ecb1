import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { errorTable } from "../src/shared/errors/table";
import { errorText, errorWords } from "../src/shared/errors/words";

// Read from the generated file itself: the type alone would be silent if the table were widened.
const bindings = readFileSync("src/bindings/api.ts", "utf8");
const codes = [...(/export type Code = ([^;]+);/.exec(bindings)?.[1] ?? "").matchAll(/"(\w+)"/g)].map(
  (m) => m[1] ?? "",
);

it("has words for every code of the program", () => {
  expect(codes.length).toBeGreaterThan(40);
  expect(codes.filter((code) => !(code in errorTable))).toEqual([]);
});

it("has no words for codes that do not exist", () => {
  expect(
    Object.keys(errorTable).filter((code) => !codes.includes(code) && code !== "console_unreachable"),
  ).toEqual([]);
});

it("says title, reason and remedy in both languages", () => {
  const poor = Object.entries(errorTable).flatMap(([code, entry]) =>
    [entry.title, entry.why, entry.act].some(({ en, sv }) => !en || !sv || en === sv) ? [code] : [],
  );
  expect(poor).toEqual([]);
});

it("copies code, message and facts, and has words even for a code from a newer program", () => {
  expect(
    errorText({ code: "port_taken", message: "Port 8080 is taken.", details: { holder: "nginx" } }),
  ).toBe("port_taken: Port 8080 is taken.\nholder: nginx");
  expect(errorWords("from_the_future" as never).title).toBe("Something unplanned went wrong");
});
