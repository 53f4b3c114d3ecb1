import type { ReactNode } from "react";

/** One component in one state. */
export interface Story {
  readonly component: string;
  readonly state: string;
  readonly render: () => ReactNode;
  /** Covers the page (a dialog, the palette): shown by itself. */
  readonly alone?: boolean;
  /** Needs a height to show itself: what scrolls, what fills. */
  readonly height?: number;
}

type States = Readonly<Record<string, () => ReactNode>>;

/** The states of a component, by their names. */
export function stories(
  component: string,
  states: States,
  options: Omit<Story, "component" | "state" | "render"> = {},
): Story[] {
  return Object.entries(states).map(([state, render]) => ({ component, state, render, ...options }));
}

export const storyPath = (story: Story) => `${story.component}/${story.state}`;
