import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// Slow machines run these tests too: waiting is for a condition, never for speed.
configure({ asyncUtilTimeout: 20_000 });

// What a browser has and this environment lacks: no layout, so nothing scrolls.
Element.prototype.scrollIntoView ??= () => {};

afterEach(() => {
  cleanup();
  localStorage.clear();
});
