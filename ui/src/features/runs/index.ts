export { NewRunPage } from "./NewRunPage";
export { RunPage } from "./RunPage";
export { RunsPage } from "./RunsPage";
