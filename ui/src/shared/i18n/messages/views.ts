import { define } from "../define";

/** Words of the table, chart and log views. */
export const views = define({
  "views.noRows": { en: "Nothing here yet", sv: "Inget här ännu" },

  "views.table.rows": {
    en: { one: "{n} row", other: "{n} rows" },
    sv: { one: "{n} rad", other: "{n} rader" },
  },
  "views.table.selected": {
    en: { one: "{n} selected", other: "{n} selected" },
    sv: { one: "{n} vald", other: "{n} valda" },
  },
  "views.table.of": { en: "{shown} of {total}", sv: "{shown} av {total}" },
  "views.table.coming": { en: "Reading this row", sv: "Läser raden" },
  "views.table.copied": {
    en: { one: "{n} row copied", other: "{n} rows copied" },
    sv: { one: "{n} rad kopierad", other: "{n} rader kopierade" },
  },
  "views.table.selectRow": { en: "Select {name}", sv: "Välj {name}" },
  "views.table.selectAll": { en: "Select all", sv: "Välj alla" },
  "views.table.actions": { en: "Actions for {name}", sv: "Åtgärder för {name}" },
  "views.table.cells": { en: "{label}: all columns", sv: "{label}: alla kolumner" },
  "views.table.actionsColumn": { en: "Actions", sv: "Åtgärder" },
  "views.table.selectColumn": { en: "Selection", sv: "Urval" },
  "views.table.resize": {
    en: "{column}: Alt and left or right arrow changes the width",
    sv: "{column}: Alt och vänster- eller högerpil ändrar bredden",
  },

  "views.chart.roleDescription": { en: "line chart", sv: "linjediagram" },
  "views.chart.summary": {
    en: "{points} points, {xName} {from} to {to}. Arrow keys move the cursor.",
    sv: "{points} punkter, {xName} {from} till {to}. Piltangenterna flyttar markören.",
  },
  "views.chart.step": { en: "step", sv: "steg" },
  "views.chart.relative": { en: "time", sv: "tid" },
  "views.chart.time": { en: "clock", sv: "klockslag" },
  "views.chart.noPoints": { en: "No points yet", sv: "Inga punkter ännu" },
  "views.chart.elsewhere": { en: "No point in this stretch", sv: "Ingen punkt i sträckan" },
  "views.chart.allGaps": {
    en: "Every value is NaN or outside this axis",
    sv: "Varje värde är NaN eller utanför axeln",
  },
  "views.chart.last": { en: "last", sv: "senast" },
  "views.chart.asTable": { en: "Show {title} as a table", sv: "Visa {title} som tabell" },
  "views.chart.asChart": { en: "Show {title} as a chart", sv: "Visa {title} som diagram" },
  "views.chart.resetZoom": { en: "Show all", sv: "Visa allt" },
  "views.chart.infinite": {
    en: { one: "{n} infinite value, marked at the edge", other: "{n} infinite values, marked at the edge" },
    sv: {
      one: "{n} oändligt värde, markerat vid kanten",
      other: "{n} oändliga värden, markerade vid kanten",
    },
  },
  "views.chart.gaps": { en: { one: "{n} NaN", other: "{n} NaN" }, sv: { one: "{n} NaN", other: "{n} NaN" } },
  "views.chart.tableLabel": { en: "{title}, values", sv: "{title}, värden" },

  "views.log.label": { en: "Log", sv: "Logg" },
  "views.log.search": { en: "Search the log", sv: "Sök i loggen" },
  "views.log.match": { en: "{at} of {n}", sv: "{at} av {n}" },
  "views.log.noMatch": { en: "No match", sv: "Ingen träff" },
  "views.log.next": { en: "Next match", sv: "Nästa träff" },
  "views.log.previous": { en: "Previous match", sv: "Föregående träff" },
  "views.log.follow": { en: "Follow", sv: "Följ" },
  "views.log.wrap": { en: "Wrap", sv: "Radbryt" },
  "views.log.copy": { en: "Copy shown lines", sv: "Kopiera visade rader" },
  "views.log.copied": {
    en: { one: "{n} line copied", other: "{n} lines copied" },
    sv: { one: "{n} rad kopierad", other: "{n} rader kopierade" },
  },
  "views.log.lines": {
    en: { one: "{n} line", other: "{n} lines" },
    sv: { one: "{n} rad", other: "{n} rader" },
  },
  "views.log.more": { en: "… {size} more", sv: "… {size} till" },
  "views.log.empty": { en: "No output yet", sv: "Ingen utskrift ännu" },
  "views.log.emptyDone": { en: "It wrote nothing", sv: "Den skrev ingenting" },
  "views.log.loading": { en: "Reading lines…", sv: "Läser rader…" },
  "views.log.failed": { en: "These lines could not be read", sv: "Raderna kunde inte läsas" },
  "views.log.stderr": { en: "error output", sv: "felutskrift" },
  "views.log.agent": { en: "from the agent", sv: "från agenten" },
});
