import { buttonStories } from "./buttons";
import { feedbackStories } from "./feedback";
import { fieldStories } from "./fields";
import { overlayStories } from "./overlays";
import { reportStories } from "./reports";
import type { Story } from "./story";
import { viewStories } from "./views";

/** Every shared component, and every part of a report, in every state that it has. */
export const allStories: readonly Story[] = [
  ...buttonStories,
  ...fieldStories,
  ...feedbackStories,
  ...overlayStories,
  ...viewStories,
  ...reportStories,
];

export { type Story, storyPath } from "./story";
export { World } from "./worlds";
