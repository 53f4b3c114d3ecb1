import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const SOURCE = join(import.meta.dirname, "../src");

// Words for screen readers are laid out absolutely: in what scrolls without a position of its own they stay
// behind, below the window's edge, and the window scrolls as a whole.
it("lets nothing scroll that does not hold what is laid out absolutely in it", () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" });
  const loose: string[] = [];
  let seen = 0;
  for (const file of files.filter((name) => name.endsWith(".css") && !name.startsWith("stories"))) {
    const rules = readFileSync(join(SOURCE, file), "utf8").matchAll(/([^{}]*)\{([^{}]*)\}/g);
    for (const [, selector = "", body = ""] of rules) {
      if (!/overflow(-[xy])?:[^;]*(auto|scroll)/.test(body)) continue;
      seen += 1;
      // A popover is placed by its component.
      if (!/(^|\s)position:/.test(body) && !/\.popover\s*$/.test(selector)) loose.push(`${file} ${selector}`);
    }
  }
  expect(seen).toBeGreaterThan(20);
  expect(loose).toEqual([]);
});
