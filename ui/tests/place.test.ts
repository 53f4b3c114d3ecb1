import { createMemoryHistory } from "@tanstack/react-router";
import { expect, it } from "vitest";
import { keepPlace, newRouter } from "../src/app/router";

const at = (path: string) => newRouter(createMemoryHistory({ initialEntries: [path] }));
const left = (workspace: string, path: string) =>
  localStorage.setItem("skerry.place", JSON.stringify({ workspace, path }));

it("opens where this workspace was left", () => {
  left("/home/eva/a", "/runs?experiment=x");
  const router = at("/");
  keepPlace(router, "/home/eva/a", true);
  expect(router.history.location.href).toBe("/runs?experiment=x");
});

it.each([
  ["another workspace", "/home/eva/b", "/", true],
  ["an address of its own", "/home/eva/a", "/machines", true],
  ["a page that was not opened fresh", "/home/eva/a", "/", false],
])("stays with %s", (_what, workspace, path, restore) => {
  left("/home/eva/a", "/runs");
  const router = at(path);
  keepPlace(router, workspace, restore);
  expect(router.history.location.href).toBe(path);
});

it.each(["//evil.example/", "nonsense", 7, null])("does not follow %s", (path) => {
  localStorage.setItem("skerry.place", JSON.stringify({ workspace: "w", path }));
  const router = at("/");
  keepPlace(router, "w", true);
  expect(router.history.location.href).toBe("/");
});
