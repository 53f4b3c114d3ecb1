import { define } from "../define";

export const runs = define({
  "runs.title": { en: "Runs", sv: "Körningar" },
});
