import { afterAll, beforeAll } from "vitest";

/** Gives every element a size, so that virtual lists draw what would be in view. */
export function giveLayout(height = 640, width = 1024): void {
  const sizes = { clientHeight: height, offsetHeight: height, clientWidth: width, offsetWidth: width };
  const before: [string, PropertyDescriptor | undefined][] = [];
  beforeAll(() => {
    for (const [name, size] of Object.entries(sizes)) {
      before.push([name, Object.getOwnPropertyDescriptor(HTMLElement.prototype, name)]);
      Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => size });
    }
  });
  afterAll(() => {
    for (const [name, was] of before) {
      if (was) Object.defineProperty(HTMLElement.prototype, name, was);
      else Reflect.deleteProperty(HTMLElement.prototype, name);
    }
  });
}
