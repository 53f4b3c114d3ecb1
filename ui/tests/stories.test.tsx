import { act, render } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { allStories, storyPath, World } from "../src/stories";
import { axeProblems } from "./render";

// There is no layout here, so contrast, sizes and what covers what are not judged: contrast.test.ts judges
// the tokens, and `npm run stories` in a browser shows the rest.

it("has every story once", () => {
  const paths = allStories.map(storyPath);
  expect(paths.length).toBeGreaterThan(100);
  expect(paths.filter((path, at) => paths.indexOf(path) !== at)).toEqual([]);
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each([...new Set(allStories.map((story) => story.component))])("%s", (component) => {
  it.each(
    allStories.filter((story) => story.component === component).map((story) => [story.state, story] as const),
  )("%s", async (_, story) => {
    const complaints = vi.spyOn(console, "error");
    const { container } = render(<World>{story.render()}</World>);
    await act(async () => {});
    expect(container.querySelector("*") ?? document.querySelector("[role$=dialog]")).toBeTruthy();
    expect(complaints).not.toHaveBeenCalled();
    expect(await axeProblems()).toEqual([]);
  });
});
