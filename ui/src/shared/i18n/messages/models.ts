import { define } from "../define";

export const models = define({
  "models.title": { en: "Models", sv: "Modeller" },
});
