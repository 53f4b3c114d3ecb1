import { define } from "../define";

export const activity = define({
  "activity.exitCode": { en: "exit code {code}", sv: "slutkod {code}" },
  "activity.version": { en: "version {version}", sv: "version {version}" },
  "activity.title": { en: "Activity", sv: "Händelser" },
  "activity.lead": {
    en: "What happened in this workspace, by whom, newest first.",
    sv: "Vad som hänt i arbetsytan, av vem, nyast först.",
  },
  "activity.empty": { en: "Nothing has happened yet", sv: "Inget har hänt ännu" },
  "activity.emptyLead": {
    en: "Runs, registrations, deployments and changes to models are written down here.",
    sv: "Körningar, registreringar, driftsättningar och ändringar av modeller skrivs upp här.",
  },
  "activity.fresh": {
    en: { one: "Show {n} new entry", other: "Show {n} new entries" },
    sv: { one: "Visa {n} ny händelse", other: "Visa {n} nya händelser" },
  },
  "activity.older": { en: "Show older", sv: "Visa äldre" },
  "activity.oldest": { en: "This is the beginning.", sv: "Det här är början." },
  "activity.filter": { en: "Show", sv: "Visa" },
  "activity.all": { en: "Everything", sv: "Allt" },
  "activity.group.machines": { en: "Machines", sv: "Maskiner" },
  "activity.group.runs": { en: "Runs", sv: "Körningar" },
  "activity.group.models": { en: "Models", sv: "Modeller" },
  "activity.group.deployments": { en: "Deployments", sv: "Driftsättningar" },
  "activity.group.settings": { en: "Settings", sv: "Inställningar" },
  "activity.noneOfKind": { en: "Nothing of that kind among these.", sv: "Inget av det slaget bland dessa." },
  "activity.today": { en: "Today", sv: "I dag" },
  "activity.yesterday": { en: "Yesterday", sv: "I går" },
  "activity.by": { en: "by {actor}", sv: "av {actor}" },
  "activity.kind.machine_registered": {
    en: "Machine {subject} registered",
    sv: "Maskinen {subject} registrerades",
  },
  "activity.kind.machine_forgotten": { en: "Machine {subject} forgotten", sv: "Maskinen {subject} glömdes" },
  "activity.kind.machine_unreachable": {
    en: "Machine {subject} became unreachable",
    sv: "Maskinen {subject} gick inte att nå",
  },
  "activity.kind.machine_reachable": {
    en: "Machine {subject} is reachable again",
    sv: "Maskinen {subject} går att nå igen",
  },
  "activity.kind.host_key_pinned": {
    en: "Host key of {subject} pinned",
    sv: "Värdnyckeln för {subject} fästes",
  },
  "activity.kind.run_started": { en: "Run {subject} started", sv: "Körningen {subject} startade" },
  "activity.kind.run_finished": { en: "Run {subject} finished", sv: "Körningen {subject} blev klar" },
  "activity.kind.run_failed": { en: "Run {subject} failed", sv: "Körningen {subject} misslyckades" },
  "activity.kind.run_cancelled": { en: "Run {subject} cancelled", sv: "Körningen {subject} avbröts" },
  "activity.kind.run_interrupted": { en: "Run {subject} was interrupted", sv: "Körningen {subject} bröts" },
  "activity.kind.version_registered": {
    en: "New version of {subject} registered",
    sv: "Ny version av {subject} registrerades",
  },
  "activity.kind.alias_set": { en: "Alias of {subject} set", sv: "Alias för {subject} sattes" },
  "activity.kind.alias_removed": { en: "Alias of {subject} removed", sv: "Alias för {subject} togs bort" },
  "activity.kind.alias_protected": {
    en: "Alias of {subject} protected",
    sv: "Alias för {subject} skyddades",
  },
  "activity.kind.alias_unprotect_asked": {
    en: "Asked to remove the protection of an alias of {subject}",
    sv: "Begärde att skyddet för ett alias för {subject} tas bort",
  },
  "activity.kind.alias_unprotected": {
    en: "Protection of an alias of {subject} removed",
    sv: "Skyddet för ett alias för {subject} togs bort",
  },
  "activity.kind.approval_asked": {
    en: "Approval of {subject} asked for",
    sv: "Godkännande av {subject} begärdes",
  },
  "activity.kind.approval_given": { en: "{subject} approved", sv: "{subject} godkändes" },
  "activity.kind.approval_refused": {
    en: "Approval of {subject} refused",
    sv: "Godkännande av {subject} avslogs",
  },
  "activity.kind.approval_withdrawn": {
    en: "Approval of {subject} withdrawn",
    sv: "Godkännandet av {subject} återtogs",
  },
  "activity.kind.version_deleted": {
    en: "Version of {subject} deleted",
    sv: "Version av {subject} togs bort",
  },
  "activity.kind.model_deleted": { en: "Model {subject} deleted", sv: "Modellen {subject} togs bort" },
  "activity.kind.files_saved": { en: "Files of {subject} saved", sv: "Filer från {subject} sparades" },
  "activity.kind.files_save_failed": {
    en: "Files of {subject} could not be saved",
    sv: "Filer från {subject} kunde inte sparas",
  },
  "activity.kind.image_pushed": { en: "Image of {subject} pushed", sv: "Avbild av {subject} skickades" },
  "activity.kind.image_failed": {
    en: "Image of {subject} could not be made",
    sv: "Avbild av {subject} kunde inte skapas",
  },
  "activity.kind.deployment_created": {
    en: "Deployment {subject} created",
    sv: "Driftsättningen {subject} skapades",
  },
  "activity.kind.deployment_updated": {
    en: "Deployment {subject} changed version",
    sv: "Driftsättningen {subject} bytte version",
  },
  "activity.kind.deployment_rolled_back": {
    en: "Deployment {subject} rolled back",
    sv: "Driftsättningen {subject} backades",
  },
  "activity.kind.deployment_stopped": {
    en: "Deployment {subject} stopped",
    sv: "Driftsättningen {subject} stoppades",
  },
  "activity.kind.deployment_started": {
    en: "Deployment {subject} started",
    sv: "Driftsättningen {subject} startades",
  },
  "activity.kind.deployment_deleted": {
    en: "Deployment {subject} deleted",
    sv: "Driftsättningen {subject} togs bort",
  },
  "activity.kind.deployment_healthy": {
    en: "Deployment {subject} is healthy",
    sv: "Driftsättningen {subject} mår bra",
  },
  "activity.kind.deployment_unhealthy": {
    en: "Deployment {subject} is unhealthy",
    sv: "Driftsättningen {subject} mår inte bra",
  },
  "activity.kind.registry_saved": { en: "Registry {subject} saved", sv: "Registret {subject} sparades" },
  "activity.kind.registry_deleted": { en: "Registry {subject} removed", sv: "Registret {subject} togs bort" },
  "activity.kind.secret_deleted": { en: "Secret {subject} deleted", sv: "Hemligheten {subject} togs bort" },
});
