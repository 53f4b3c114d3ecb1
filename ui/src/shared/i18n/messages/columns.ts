import { define } from "../define";

/** Words of columns that show a value of a metric, and of charts over another metric. */
export const columns = define({
  "columns.min": { en: "min", sv: "min" },
  "columns.max": { en: "max", sv: "max" },
  "columns.hint.last": { en: "Last value of {metric}.", sv: "Senaste värdet av {metric}." },
  "columns.hint.min": {
    en: "Smallest value of {metric}; NaN does not count.",
    sv: "Minsta värdet av {metric}; NaN räknas inte.",
  },
  "columns.hint.max": {
    en: "Largest value of {metric}; NaN does not count.",
    sv: "Största värdet av {metric}; NaN räknas inte.",
  },
  "columns.hint.at": {
    en: "Value of {metric} at step {step} or, where it has none, at the last step before.",
    sv: "Värdet av {metric} vid steg {step} eller, där det saknas, vid det senaste steget före.",
  },
  "columns.unsorted": {
    en: "Runs cannot be sorted by it: values at a step are looked up for the runs in view only.",
    sv: "Det går inte att sortera på det: värden vid ett steg slås bara upp för körningarna som visas.",
  },
  "columns.valueAtStep": { en: "{value} at step {step}", sv: "{value} vid steg {step}" },
  "columns.others": { en: "Other values of {metric}", sv: "Andra värden av {metric}" },
  "columns.smallest": { en: "Smallest", sv: "Minsta" },
  "columns.largest": { en: "Largest", sv: "Största" },
  "columns.atStep": { en: "At step {step}", sv: "Vid steg {step}" },
  "columns.step": { en: "At a step", sv: "Vid ett steg" },
  "columns.stepOf": { en: "Step at which {metric} is shown", sv: "Steg där {metric} visas" },
  "columns.add": { en: "Add", sv: "Lägg till" },
  "columns.whole": { en: "A step is a whole number.", sv: "Ett steg är ett heltal." },

  "columns.values": { en: "Values of metrics", sv: "Mätvärdenas värden" },
  "columns.values.last": { en: "Last values", sv: "Senaste värden" },
  "columns.values.min": { en: "Smallest", sv: "Minsta" },
  "columns.values.max": { en: "Largest", sv: "Största" },

  "charts.x.metric": { en: "Metric", sv: "Mätvärde" },
  "charts.over.which": { en: "Metric on the horizontal axis", sv: "Mätvärde på den vågräta axeln" },
  "charts.over.none": { en: "No step in common with {metric}", sv: "Inget steg gemensamt med {metric}" },
  "charts.over.some": {
    en: "{n} of {total} points are at steps that {metric} has too",
    sv: "{n} av {total} punkter ligger vid steg som {metric} också har",
  },
  "charts.over.unplaced": {
    en: {
      one: "{n} left out: {metric} is not finite there",
      other: "{n} left out: {metric} is not finite there",
    },
    sv: {
      one: "{n} utelämnad: {metric} är inte ändligt där",
      other: "{n} utelämnade: {metric} är inte ändligt där",
    },
  },
  "charts.over.unsteady": {
    en: "{metric} goes back and forth: points are not joined",
    sv: "{metric} går fram och tillbaka: punkterna binds inte ihop",
  },
  "charts.over.lines": {
    en: "{n} of {total} lines have no step in common with {metric}",
    sv: "{n} av {total} linjer har inget steg gemensamt med {metric}",
  },
  "charts.over.runs": {
    en: {
      one: "{n} run has no step in common with {metric}",
      other: "{n} runs have no step in common with {metric}",
    },
    sv: {
      one: "{n} körning har inget steg gemensamt med {metric}",
      other: "{n} körningar har inget steg gemensamt med {metric}",
    },
  },
});
