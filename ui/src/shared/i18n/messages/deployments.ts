import { define } from "../define";

export const deployments = define({
  "deployments.title": { en: "Deployments", sv: "Driftsättningar" },
});
