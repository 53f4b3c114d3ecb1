import { define } from "../define";

/** Words of what can be done with the table of runs: filter by values, tag, copy, export, group. */
export const runTable = define({
  "runTable.filterBy": { en: "Filter by value", sv: "Filtrera på värde" },
  "runTable.missing": { en: "{column} is missing", sv: "{column} saknas" },
  "runTable.suggestions": { en: "What could come next", sv: "Det som kan komma härnäst" },
  "runTable.suggested": {
    en: { one: "{n} suggestion, arrow keys choose", other: "{n} suggestions, arrow keys choose" },
    sv: { one: "{n} förslag, piltangenterna väljer", other: "{n} förslag, piltangenterna väljer" },
  },
  "runTable.kind.attribute": { en: "attribute", sv: "attribut" },
  "runTable.kind.metric": { en: "metric", sv: "mätvärde" },
  "runTable.kind.param": { en: "param", sv: "parameter" },
  "runTable.kind.tag": { en: "tag", sv: "tagg" },
  "runTable.kind.sign": { en: "comparison", sv: "jämförelse" },
  "runTable.kind.value": { en: "value", sv: "värde" },
  "runTable.kind.join": { en: "one more condition", sv: "ett villkor till" },

  "runTable.more": { en: "More for these runs", sv: "Mer för körningarna" },
  "runTable.copySearch": { en: "Copy as a search string", sv: "Kopiera som söksträng" },
  "runTable.copyPython": { en: "Copy as Python", sv: "Kopiera som Python" },
  "runTable.copiedSearch": { en: "Search string copied", sv: "Söksträngen kopierad" },
  "runTable.copiedPython": { en: "Python snippet copied", sv: "Pythonsnutten kopierad" },
  "runTable.notCopied": { en: "The clipboard could not be used", sv: "Urklipp gick inte att använda" },

  "runTable.tag": { en: "Tag…", sv: "Tagga…" },
  "runTable.tag.title": {
    en: { one: "Tag {n} run", other: "Tag {n} runs" },
    sv: { one: "Tagga {n} körning", other: "Tagga {n} körningar" },
  },
  "runTable.tag.act": { en: "What to do", sv: "Vad som ska göras" },
  "runTable.tag.set": { en: "Set", sv: "Sätt" },
  "runTable.tag.remove": { en: "Remove", sv: "Ta bort" },
  "runTable.tag.setLead": {
    en: "A run that has the tag already gets the new value.",
    sv: "En körning som redan har taggen får det nya värdet.",
  },
  "runTable.tag.removeLead": {
    en: "Runs without the tag stay as they are. The value is lost.",
    sv: "Körningar utan taggen blir som de var. Värdet går förlorat.",
  },
  "runTable.tag.setButton": { en: "Set the tag", sv: "Sätt taggen" },
  "runTable.tag.removeButton": { en: "Remove the tag", sv: "Ta bort taggen" },
  "runTable.tag.doing": { en: "Runs changed", sv: "Ändrade körningar" },
  "runTable.tag.done": {
    en: { one: "{n} run changed", other: "{n} runs changed" },
    sv: { one: "{n} körning ändrad", other: "{n} körningar ändrade" },
  },
  "runTable.tag.failed": {
    en: { one: "{n} run could not be changed", other: "{n} runs could not be changed" },
    sv: { one: "{n} körning kunde inte ändras", other: "{n} körningar kunde inte ändras" },
  },

  "runTable.move": { en: "Move…", sv: "Flytta…" },
  "runTable.move.title": {
    en: { one: "Move {n} run", other: "Move {n} runs" },
    sv: { one: "Flytta {n} körning", other: "Flytta {n} körningar" },
  },
  "runTable.move.lead": {
    en: "Models that the runs logged go with them. Files stay where they are.",
    sv: "Modeller som körningarna loggade följer med. Filerna blir kvar där de är.",
  },
  "runTable.move.button": { en: "Move", sv: "Flytta" },
  "runTable.move.done": {
    en: { one: "{n} run moved to {experiment}", other: "{n} runs moved to {experiment}" },
    sv: { one: "{n} körning flyttad till {experiment}", other: "{n} körningar flyttade till {experiment}" },
  },
  "runTable.move.failed": { en: "Runs could not be moved", sv: "Körningar kunde inte flyttas" },

  "runTable.export": { en: "Export…", sv: "Exportera…" },
  "runTable.export.title": {
    en: { one: "Export {n} run", other: "Export {n} runs" },
    sv: { one: "Exportera {n} körning", other: "Exportera {n} körningar" },
  },
  "runTable.export.format": { en: "Format", sv: "Format" },
  "runTable.export.csvLead": {
    en: "Text that every spreadsheet opens.",
    sv: "Text som varje kalkylprogram öppnar.",
  },
  "runTable.export.parquetLead": {
    en: "Typed columns for data frames: numbers, times in UTC and texts; what is missing is null.",
    sv: "Kolumner med typ för dataramar: tal, tider i UTC och texter; det som saknas är null.",
  },
  "runTable.export.columns": { en: "Columns", sv: "Kolumner" },
  "runTable.export.table": { en: "As in the table", sv: "Som i tabellen" },
  "runTable.export.all": { en: "All there are", sv: "Alla som finns" },
  "runTable.export.tableLead": {
    en: "The id, the name and the columns that are shown.",
    sv: "Id, namn och kolumnerna som visas.",
  },
  "runTable.export.allLead": {
    en: "Every attribute, param, metric (its last value) and tag of these runs.",
    sv: "Varje attribut, parameter, mätvärde (det senaste) och tagg i körningarna.",
  },
  "runTable.export.read": { en: "Read the runs", sv: "Läs körningarna" },
  "runTable.export.doing": { en: "Runs read", sv: "Lästa körningar" },
  "runTable.export.ready": {
    en: { one: "{n} run, {size}", other: "{n} runs, {size}" },
    sv: { one: "{n} körning, {size}", other: "{n} körningar, {size}" },
  },
  "runTable.export.less": {
    en: "{n} of {total}: runs came or went while they were read.",
    sv: "{n} av {total}: körningar kom eller försvann medan de lästes.",
  },
  "runTable.export.save": { en: "Save the file", sv: "Spara filen" },
  "runTable.export.copy": { en: "Copy the text", sv: "Kopiera texten" },

  "runTable.group": { en: "Group", sv: "Gruppera" },
  "runTable.group.by": { en: "By {column}", sv: "Efter {column}" },
  "runTable.group.menu": { en: "Group the runs by", sv: "Gruppera körningarna efter" },
  "runTable.group.none": { en: "No groups", sv: "Inga grupper" },
  "runTable.group.table": { en: "Groups of runs", sv: "Grupper av körningar" },
  "runTable.group.groups": {
    en: { one: "{n} group", other: "{n} groups" },
    sv: { one: "{n} grupp", other: "{n} grupper" },
  },
  "runTable.group.noValue": { en: "none", sv: "saknas" },
  "runTable.group.aggregate": { en: "What is shown of each metric", sv: "Vad som visas av varje mätvärde" },
  "runTable.group.mean": { en: "Mean", sv: "Medel" },
  "runTable.group.min": { en: "Min", sv: "Min" },
  "runTable.group.max": { en: "Max", sv: "Max" },
  "runTable.group.deviation": { en: "Deviation", sv: "Avvikelse" },
  "runTable.group.count": { en: "Count", sv: "Antal" },
  "runTable.group.lead": { en: "of the values that are finite", sv: "av de ändliga värdena" },
  "runTable.group.leadCount": {
    en: "of runs with a finite value",
    sv: "körningar med ett ändligt värde",
  },
  "runTable.group.readAt": { en: "{runs}, read {time}", sv: "{runs}, lästa {time}" },
  "runTable.group.again": { en: "Read again", sv: "Läs igen" },
  "runTable.group.stopped": { en: "The reading was cancelled", sv: "Läsningen avbröts" },
  "runTable.group.cut": {
    en: "Only the first {n} of {total} runs are in these groups",
    sv: "Bara de första {n} av {total} körningar finns i grupperna",
  },
  "runTable.group.cutLead": {
    en: "First in the order of the table. A filter that finds fewer runs groups them all.",
    sv: "Först i tabellens ordning. Ett filter som hittar färre körningar grupperar alla.",
  },
  "runTable.group.open": { en: "Show its runs", sv: "Visa körningarna" },
});
