export { LogView, type LogSource } from "./LogView";
export type { LogLine } from "./text";
