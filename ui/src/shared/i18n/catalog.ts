import { activity } from "./messages/activity";
import { approvals, history } from "./messages/approvals";
import { columns } from "./messages/columns";
import { common } from "./messages/common";
import { compare } from "./messages/compare";
import { deployments } from "./messages/deployments";
import { fields } from "./messages/fields";
import { frame } from "./messages/frame";
import { machines } from "./messages/machines";
import { models } from "./messages/models";
import { overview } from "./messages/overview";
import { reports } from "./messages/reports";
import { runs } from "./messages/runs";
import { runTable } from "./messages/runTable";
import { settings } from "./messages/settings";
import { setup } from "./messages/setup";
import { views } from "./messages/views";

/** Every message of the console. A new feature adds its file here. */
export const catalog = {
  ...activity,
  ...approvals,
  ...columns,
  ...common,
  ...compare,
  ...deployments,
  ...fields,
  ...frame,
  ...history,
  ...machines,
  ...models,
  ...overview,
  ...reports,
  ...runs,
  ...runTable,
  ...settings,
  ...setup,
  ...views,
} as const;

export type Catalog = typeof catalog;
export type MessageKey = keyof Catalog;
