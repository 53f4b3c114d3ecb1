import { common } from "./messages/common";
import { deployments } from "./messages/deployments";
import { frame } from "./messages/frame";
import { fields } from "./messages/fields";
import { models } from "./messages/models";
import { runs } from "./messages/runs";
import { views } from "./messages/views";

/** Every message of the console. A new feature adds its file here. */
export const catalog = {
  ...common,
  ...fields,
  ...frame,
  ...runs,
  ...models,
  ...deployments,
  ...views,
} as const;

export type Catalog = typeof catalog;
export type MessageKey = keyof Catalog;
