export { CompareVersionsPage } from "./CompareVersionsPage";
export { ModelPage } from "./ModelPage";
export { ModelsPage } from "./ModelsPage";
export { VersionPage } from "./VersionPage";
