import { afterEach, expect, it, vi } from "vitest";
import { notLoaded } from "../src/app/lazy";

afterEach(() => vi.unstubAllGlobals());

it("keeps the page when its program is gone, and lets it load anew when the program is another", async () => {
  const missing = new TypeError("Failed to fetch dynamically imported module: /assets/x.js");
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await expect(notLoaded(missing)).rejects.toMatchObject({
    body: { code: "console_unreachable", details: { reason: missing.message } },
  });
  vi.stubGlobal("fetch", () => Promise.resolve(new Response()));
  await expect(notLoaded(missing)).rejects.toBe(missing);
});
