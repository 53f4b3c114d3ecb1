import { define } from "../define";

export const fields = define({
  "fields.choose": { en: "Choose…", sv: "Välj…" },
  "fields.find": { en: "Find", sv: "Hitta" },
  "fields.nothingFound": { en: "Nothing is called that", sv: "Inget heter så" },
  "fields.more": {
    en: { one: "{n} more: find it by its name", other: "{n} more: find them by name" },
    sv: { one: "{n} till: hitta den med dess namn", other: "{n} till: hitta dem med namn" },
  },
  "fields.browse": { en: "Browse…", sv: "Bläddra…" },
  "fields.holdToReveal": { en: "Hold to reveal", sv: "Håll för att visa" },
  "fields.strength": { en: "Strength is shown as you type", sv: "Styrkan visas medan du skriver" },
  "fields.strength0": { en: "Worthless: guessed at once", sv: "Värdelöst: gissas direkt" },
  "fields.strength1": { en: "Very weak", sv: "Mycket svagt" },
  "fields.strength2": { en: "Weak", sv: "Svagt" },
  "fields.strength3": { en: "Fair", sv: "Godtagbart" },
  "fields.strength4": { en: "Strong", sv: "Starkt" },
  "fields.keyMissing": { en: "A value needs a key.", sv: "Ett värde behöver en nyckel." },
  "fields.keyTwice": { en: "{key} stands here twice.", sv: "{key} står här två gånger." },
});
