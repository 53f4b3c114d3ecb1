import { afterAll, beforeAll } from "vitest";

/** Gives every element a size, so that virtual lists draw what would be in view. */
export function giveLayout(height = 640, width = 1024): void {
  const names = ["clientHeight", "clientWidth"] as const;
  const before = names.map((name) => Object.getOwnPropertyDescriptor(Element.prototype, name));
  beforeAll(() => {
    Object.defineProperty(Element.prototype, "clientHeight", { configurable: true, get: () => height });
    Object.defineProperty(Element.prototype, "clientWidth", { configurable: true, get: () => width });
  });
  afterAll(() => {
    names.forEach((name, i) => {
      const was = before[i];
      if (was) Object.defineProperty(Element.prototype, name, was);
    });
  });
}
