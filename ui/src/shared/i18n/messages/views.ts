import { define } from "../define";

/** Words of the table, chart and log views. */
export const views = define({
  "views.noRows": { en: "Nothing here yet", sv: "Inget här ännu" },
});
