import { define } from "../define";

export const approvals = define({
  "approvals.title": { en: "Approval", sv: "Godkännande" },
  "approvals.state.none": { en: "not asked for", sv: "inte begärt" },
  "approvals.state.asked": { en: "waits for approval", sv: "väntar på godkännande" },
  "approvals.state.approved": { en: "approved", sv: "godkänd" },
  "approvals.state.refused": { en: "refused", sv: "avslagen" },
  "approvals.state.withdrawn": { en: "withdrawn", sv: "återtagen" },
  "approvals.state.changed": {
    en: "approved, files changed since",
    sv: "godkänd, filerna ändrade sedan dess",
  },
  "approvals.waiting": {
    en: { one: "{n} waits for approval", other: "{n} wait for approval" },
    sv: { one: "{n} väntar på godkännande", other: "{n} väntar på godkännande" },
  },
  "approvals.step.asked": { en: "{who} asked {time}", sv: "{who} begärde {time}" },
  "approvals.step.approved": { en: "{who} approved {time}", sv: "{who} godkände {time}" },
  "approvals.step.refused": { en: "{who} refused {time}", sv: "{who} avslog {time}" },
  "approvals.step.withdrawn": { en: "{who} withdrew it {time}", sv: "{who} återtog det {time}" },
  "approvals.leadNone": {
    en: "Nobody has asked. A protected alias moves only to an approved version.",
    sv: "Ingen har begärt det. Ett skyddat alias flyttar bara till en godkänd version.",
  },
  "approvals.changed": {
    en: "The files are no longer those that were approved, so the approval does not count. Ask again.",
    sv: "Filerna är inte längre de som godkändes, så godkännandet gäller inte. Begär det igen.",
  },
  "approvals.own": {
    en: "You asked, so somebody else has to decide: signed in to this computer under another name.",
    sv: "Du begärde det, så någon annan måste besluta: inloggad på datorn med ett annat namn.",
  },
  "approvals.ask": { en: "Ask for approval", sv: "Begär godkännande" },
  "approvals.askAgain": { en: "Ask again", sv: "Begär igen" },
  "approvals.approve": { en: "Approve", sv: "Godkänn" },
  "approvals.refuse": { en: "Refuse", sv: "Avslå" },
  "approvals.withdrawRequest": { en: "Withdraw request", sv: "Återta begäran" },
  "approvals.withdraw": { en: "Withdraw approval", sv: "Återta godkännandet" },
  "approvals.reason": { en: "Reason", sv: "Skäl" },
  "approvals.reasonEmpty": { en: "Say why.", sv: "Säg varför." },
  "approvals.reasonLong": { en: "At most 5,000 characters.", sv: "Högst 5 000 tecken." },
  "approvals.reasonLead": {
    en: "Kept in the history with your name. It cannot be changed later.",
    sv: "Sparas i historiken med ditt namn. Det går inte att ändra senare.",
  },
  "approvals.ask.title": { en: "Ask for approval of {name} {n}", sv: "Begär godkännande av {name} {n}" },
  "approvals.ask.lead": {
    en: "Somebody else approves or refuses. What is approved is the files as they are now.",
    sv: "Någon annan godkänner eller avslår. Det som godkänns är filerna som de är nu.",
  },
  "approvals.approve.title": { en: "Approve {name} {n}", sv: "Godkänn {name} {n}" },
  "approvals.approve.lead": {
    en: "Protected aliases can move to this version from then on.",
    sv: "Skyddade alias kan därefter flytta till versionen.",
  },
  "approvals.refuse.title": { en: "Refuse {name} {n}", sv: "Avslå {name} {n}" },
  "approvals.refuse.lead": {
    en: "Protected aliases cannot move to this version. It can be asked for again.",
    sv: "Skyddade alias kan inte flytta till versionen. Det går att begära igen.",
  },
  "approvals.withdraw.title": {
    en: "Withdraw the approval of {name} {n}",
    sv: "Återta godkännandet av {name} {n}",
  },
  "approvals.withdraw.lead": {
    en: "Aliases that stand for the version stay where they are. Protected ones cannot move here any more.",
    sv: "Alias som står för versionen är kvar. Skyddade kan inte flytta hit längre.",
  },
  "approvals.withdrawRequest.title": {
    en: "Withdraw the request for {name} {n}",
    sv: "Återta begäran för {name} {n}",
  },
  "approvals.withdrawRequest.lead": {
    en: "Nobody can approve the version until it is asked for again.",
    sv: "Ingen kan godkänna versionen förrän det begärs igen.",
  },
  "approvals.done.ask": { en: "Approval asked for", sv: "Godkännande begärt" },
  "approvals.done.approve": { en: "Version approved", sv: "Versionen godkänd" },
  "approvals.done.refuse": { en: "Approval refused", sv: "Godkännandet avslaget" },
  "approvals.done.withdraw": { en: "Withdrawn", sv: "Återtaget" },
  "approvals.evidence": { en: "Files at that time", sv: "Filerna då" },

  "approvals.aliases": { en: "Aliases", sv: "Alias" },
  "approvals.alias": { en: "Alias", sv: "Alias" },
  "approvals.alias.stands": { en: "Stands for", sv: "Står för" },
  "approvals.alias.nothing": { en: "nothing now", sv: "inget nu" },
  "approvals.alias.protection": { en: "Protection", sv: "Skydd" },
  "approvals.alias.protected": { en: "protected", sv: "skyddat" },
  "approvals.alias.free": { en: "moves freely", sv: "flyttar fritt" },
  "approvals.alias.count": {
    en: { one: "{n} alias", other: "{n} aliases" },
    sv: { one: "{n} alias", other: "{n} alias" },
  },
  "approvals.alias.none": { en: "No alias yet", sv: "Inget alias ännu" },
  "approvals.alias.noneLead": {
    en: "An alias is set on a version's page. It can be protected before it is set.",
    sv: "Ett alias sätts på en versions sida. Det kan skyddas innan det sätts.",
  },
  "approvals.alias.protect": { en: "Protect", sv: "Skydda" },
  "approvals.alias.protectAnother": { en: "Protect an alias", sv: "Skydda ett alias" },
  "approvals.alias.unprotect": { en: "Remove protection", sv: "Ta bort skyddet" },
  "approvals.alias.protectTitle": { en: "Protect an alias of {name}", sv: "Skydda ett alias för {name}" },
  "approvals.alias.unprotectTitle": {
    en: "Remove the protection of @{alias}",
    sv: "Ta bort skyddet för @{alias}",
  },
  "approvals.alias.protectLead": {
    en: "It moves only to versions that a second person has approved, through every door: this console, commands, scripts on machines and imports.",
    sv: "Det flyttar bara till versioner som en annan person har godkänt, genom alla dörrar: konsolen, kommandon, skript på maskiner och importer.",
  },
  "approvals.alias.unprotectAsk": { en: "Ask to remove protection", sv: "Begär att skyddet tas bort" },
  "approvals.alias.unprotectAskTitle": {
    en: "Ask to remove the protection of @{alias}",
    sv: "Begär att skyddet för @{alias} tas bort",
  },
  "approvals.alias.unprotectAskLead": {
    en: "It stays protected until somebody else, signed in to the computer under another name, agrees.",
    sv: "Det förblir skyddat tills någon annan, inloggad på datorn med ett annat namn, går med på det.",
  },
  "approvals.alias.unprotectAsked": {
    en: "{who} asked to remove this · {when}",
    sv: "{who} begärde att det tas bort · {when}",
  },
  "approvals.alias.keep": { en: "Keep protected", sv: "Behåll skyddet" },
  "approvals.alias.keepTitle": { en: "Keep @{alias} protected", sv: "Behåll skyddet för @{alias}" },
  "approvals.alias.keepLead": {
    en: "The request to remove the protection is taken back.",
    sv: "Begäran om att ta bort skyddet återkallas.",
  },
  "approvals.alias.unprotectLead": {
    en: "Anybody can move it to any version again. That the protection was removed stays in the history.",
    sv: "Vem som helst kan åter flytta det till vilken version som helst. Att skyddet togs bort står kvar i historiken.",
  },
  "approvals.alias.protectedName": { en: "{alias}, protected", sv: "{alias}, skyddat" },
  "approvals.alias.needsApproval": {
    en: "This alias is protected and the version is not approved.",
    sv: "Aliaset är skyddat och versionen är inte godkänd.",
  },
  "approvals.alias.unapproved": {
    en: "stands for a version that is not approved",
    sv: "står för en version som inte är godkänd",
  },

  "approvals.files": { en: "Files and their hashes", sv: "Filer och deras kontrollsummor" },
  "approvals.noFiles": { en: "No file is known", sv: "Ingen fil är känd" },
  "approvals.file": { en: "File", sv: "Fil" },
  "approvals.size": { en: "Size", sv: "Storlek" },
  "approvals.hash": { en: "SHA-256", sv: "SHA-256" },
  "approvals.fileCount": {
    en: { one: "{n} file", other: "{n} files" },
    sv: { one: "{n} fil", other: "{n} filer" },
  },
  "approvals.signature": { en: "Signature", sv: "Signatur" },
  "approvals.signature.inputs": { en: "Inputs", sv: "Indata" },
  "approvals.signature.outputs": { en: "Outputs", sv: "Utdata" },
  "approvals.signature.params": { en: "Params", sv: "Parametrar" },
  "approvals.signature.optional": { en: "optional", sv: "valfri" },
  "approvals.noSignature": {
    en: "None known: the model says none, or its machine is not connected",
    sv: "Ingen känd: modellen anger ingen, eller dess maskin är inte ansluten",
  },

  "approvals.compare": { en: "Compare versions", sv: "Jämför versioner" },
  "approvals.compare.two": { en: "Choose two versions to compare", sv: "Välj två versioner att jämföra" },
  "approvals.compare.left": { en: "Version", sv: "Version" },
  "approvals.compare.right": { en: "With", sv: "Med" },
  "approvals.compare.only": { en: "Only what differs", sv: "Bara det som skiljer" },
  "approvals.compare.key": { en: "Name", sv: "Namn" },
  "approvals.compare.same": { en: "Nothing differs", sv: "Inget skiljer" },
  "approvals.compare.sameLead": {
    en: "All that is known of both versions is the same.",
    sv: "Allt som är känt om de båda versionerna är lika.",
  },
  "approvals.compare.one": {
    en: "This model has only one version",
    sv: "Modellen har bara en version",
  },
  "approvals.compare.group.metric": { en: "Metrics", sv: "Mätvärden" },
  "approvals.compare.group.param": { en: "Params", sv: "Parametrar" },
  "approvals.compare.group.signature": { en: "Signature", sv: "Signatur" },
  "approvals.compare.group.tag": { en: "Tags", sv: "Taggar" },
  "approvals.compare.group.lineage": { en: "Lineage", sv: "Ursprung" },
  "approvals.compare.group.file": { en: "Files", sv: "Filer" },
});

export const history = define({
  "history.title": { en: "History", sv: "Historik" },
  "history.ofVersion": { en: "History of version {n}", sv: "Historik för version {n}" },
  "history.all": { en: "Whole model", sv: "Hela modellen" },
  "history.count": {
    en: { one: "{n} entry", other: "{n} entries" },
    sv: { one: "{n} post", other: "{n} poster" },
  },
  "history.newest": {
    en: { one: "The newest entry", other: "The newest {n} entries" },
    sv: { one: "Den nyaste posten", other: "De {n} nyaste posterna" },
  },
  "history.toBeginning": { en: "Shown from the beginning", sv: "Visas från början" },
  "history.older": { en: "Show older entries", sv: "Visa äldre poster" },
  "history.none": { en: "Nothing has happened yet", sv: "Inget har hänt ännu" },
  "history.number": { en: "No.", sv: "Nr" },
  "history.when": { en: "When", sv: "När" },
  "history.who": { en: "Who", sv: "Vem" },
  "history.what": { en: "What", sv: "Vad" },
  "history.why": { en: "Why", sv: "Varför" },
  "history.hash": { en: "Hash", sv: "Kontrollsumma" },
  "history.checking": { en: "Checking the history", sv: "Kontrollerar historiken" },
  "history.whole": {
    en: { one: "Whole: {n} entry checked", other: "Whole: {n} entries checked" },
    sv: { one: "Hel: {n} post kontrollerad", other: "Hel: {n} poster kontrollerade" },
  },
  "history.wholeLead": {
    en: "Each entry's hash covers all before it, over all models. Note the last hash elsewhere; found again later, nothing before it was changed.",
    sv: "Varje posts kontrollsumma täcker alla före den, över alla modeller. Anteckna den sista på annat håll; finns den kvar senare har inget före den ändrats.",
  },
  "history.last": { en: "Last hash", sv: "Sista kontrollsumman" },
  "history.broken": { en: "The history is not to be trusted", sv: "Historiken går inte att lita på" },
  "history.broken.changed": {
    en: "Entry {seq} was changed, or has another place.",
    sv: "Post {seq} har ändrats eller flyttats.",
  },
  "history.broken.missing": { en: "Entry {seq} is not there.", sv: "Post {seq} saknas." },
  "history.broken.end": {
    en: "Entries after {seq} were removed.",
    sv: "Poster efter {seq} har tagits bort.",
  },
  "history.broken.alias": {
    en: "@{alias} of {name} does not stand for what the history says.",
    sv: "@{alias} för {name} står inte för det som historiken säger.",
  },
  "history.broken.not_noted": {
    en: "The noted hash is not in the history: it was written anew, or the hash is of another workspace.",
    sv: "Den antecknade kontrollsumman finns inte i historiken: den har skrivits om, eller så är den från en annan arbetsyta.",
  },
  "history.noted": { en: "A hash noted earlier", sv: "En kontrollsumma som antecknats" },
  "history.notedCheck": { en: "Check", sv: "Kontrollera" },
  "history.notedBad": { en: "64 digits from 0 to f.", sv: "64 siffror från 0 till f." },
  "history.notedFound": {
    en: "Found at entry {seq}: nothing before it was changed.",
    sv: "Finns vid post {seq}: inget före den har ändrats.",
  },
  "history.at.title": { en: "What carried an alias", sv: "Vad ett alias stod för" },
  "history.at.alias": { en: "Alias", sv: "Alias" },
  "history.at.day": { en: "On the day", sv: "Dagen" },
  "history.at.start": { en: "at the start of the day", sv: "vid dagens början" },
  "history.at.version": { en: "version {n}", sv: "version {n}" },
  "history.at.nothing": { en: "nothing", sv: "inget" },
  "history.at.unknown": {
    en: "not known: the history begins {time}",
    sv: "inte känt: historiken börjar {time}",
  },
  "history.at.noDay": { en: "Choose a day.", sv: "Välj en dag." },

  "history.via.unknown": { en: "not known", sv: "inte känt" },
  "history.via.client": { en: "a client of the tracking server", sv: "en klient till spårningsservern" },
  "history.via.script": { en: "a run's script", sv: "en körnings skript" },
  "history.via.import": { en: "an import", sv: "en import" },
  "history.run": { en: "run {id}", sv: "körning {id}" },
  "history.on": { en: "{who} on {machine}", sv: "{who} på {machine}" },

  "history.event.model_found": {
    en: "The model was there when the history began",
    sv: "Modellen fanns när historiken började",
  },
  "history.event.model_created": { en: "Model created", sv: "Modellen skapades" },
  "history.event.model_renamed": {
    en: "Renamed from {before} to {after}",
    sv: "Bytte namn från {before} till {after}",
  },
  "history.event.model_deleted": { en: "Model deleted", sv: "Modellen togs bort" },
  "history.event.model_tag": {
    en: "Tag {subject} of the model set to {after}",
    sv: "Modellens tagg {subject} sattes till {after}",
  },
  "history.event.model_tag_gone": {
    en: "Tag {subject} of the model removed",
    sv: "Modellens tagg {subject} togs bort",
  },
  "history.event.version_created": { en: "Version {n} registered", sv: "Version {n} registrerades" },
  "history.event.version_replaced": {
    en: "Files of version {n} replaced",
    sv: "Filerna för version {n} byttes ut",
  },
  "history.event.version_deleted": { en: "Version {n} deleted", sv: "Version {n} togs bort" },
  "history.event.version_tag": {
    en: "Tag {subject} of version {n} set to {after}",
    sv: "Taggen {subject} för version {n} sattes till {after}",
  },
  "history.event.version_tag_gone": {
    en: "Tag {subject} of version {n} removed",
    sv: "Taggen {subject} för version {n} togs bort",
  },
  "history.event.stage_changed": {
    en: "Stage of version {n}: {before} → {after}",
    sv: "Stadium för version {n}: {before} → {after}",
  },
  "history.event.alias_found": {
    en: "@{subject} stood for version {n} when the history began",
    sv: "@{subject} stod för version {n} när historiken började",
  },
  "history.event.alias_set": {
    en: "@{subject} set to version {n}",
    sv: "@{subject} sattes till version {n}",
  },
  "history.event.alias_moved": {
    en: "@{subject} moved from version {before} to {n}",
    sv: "@{subject} flyttades från version {before} till {n}",
  },
  "history.event.alias_removed": {
    en: "@{subject} taken from version {n}",
    sv: "@{subject} togs från version {n}",
  },
  "history.event.alias_refused": {
    en: "@{subject} not moved to version {n}: protected",
    sv: "@{subject} flyttades inte till version {n}: skyddat",
  },
  "history.event.alias_protected": { en: "@{subject} protected", sv: "@{subject} skyddades" },
  "history.event.alias_unprotect_asked": {
    en: "Asked to remove the protection of @{subject}",
    sv: "Begärde att skyddet för @{subject} tas bort",
  },
  "history.event.alias_unprotected": {
    en: "Protection of @{subject} removed",
    sv: "Skyddet för @{subject} togs bort",
  },
  "history.event.approval_asked": {
    en: "Approval of version {n} asked for",
    sv: "Godkännande av version {n} begärdes",
  },
  "history.event.approval_withdrawn": {
    en: "Approval of version {n} withdrawn",
    sv: "Godkännandet av version {n} återtogs",
  },
  "history.event.approval_given": { en: "Version {n} approved", sv: "Version {n} godkändes" },
  "history.event.approval_refused": { en: "Version {n} refused", sv: "Version {n} avslogs" },
});
