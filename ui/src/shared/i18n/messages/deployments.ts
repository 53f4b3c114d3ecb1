import { define } from "../define";

export const deployments = define({
  "deployments.wanted": { en: "{wanted} is wanted", sv: "{wanted} är önskad" },
  "deployments.title": { en: "Deployments", sv: "Driftsättningar" },
  "deployments.count": {
    en: { one: "{n} deployment", other: "{n} deployments" },
    sv: { one: "{n} driftsättning", other: "{n} driftsättningar" },
  },
  "deployments.new": { en: "New deployment", sv: "Ny driftsättning" },
  "deployments.emptyTitle": { en: "Nothing is deployed", sv: "Inget är driftsatt" },
  "deployments.emptyLead": {
    en: "A deployment serves one version of a model on a machine, and its health is observed there.",
    sv: "En driftsättning kör en version av en modell på en maskin, och dess hälsa observeras där.",
  },
  "deployments.toModels": { en: "To models", sv: "Till modeller" },

  "deployments.col.name": { en: "Name", sv: "Namn" },
  "deployments.col.state": { en: "Health", sv: "Hälsa" },
  "deployments.col.machine": { en: "Machine", sv: "Maskin" },
  "deployments.col.endpoint": { en: "Endpoint", sv: "Adress" },
  "deployments.col.check": { en: "Last check", sv: "Senaste kontroll" },
  "deployments.col.digest": { en: "Image", sv: "Avbild" },

  "deployments.state.pulling": { en: "Pulling image", sv: "Hämtar avbild" },
  "deployments.state.starting": { en: "Starting", sv: "Startar" },
  "deployments.state.healthy": { en: "Healthy", sv: "Frisk" },
  "deployments.state.unhealthy": { en: "Not healthy", sv: "Inte frisk" },
  "deployments.state.stopped": { en: "Stopped", sv: "Stoppad" },
  "deployments.state.failed": { en: "Failed", sv: "Misslyckades" },
  "deployments.unreachable": { en: "Unreachable", sv: "Nås inte" },
  "deployments.unreachableSince": { en: "Unreachable since {time}", sv: "Nås inte sedan {time}" },
  "deployments.lastKnown": { en: "last known: {state}", sv: "senast känt: {state}" },
  "deployments.was": { en: "was {state}", sv: "var: {state}" },
  "deployments.since": { en: "since {time}", sv: "sedan {time}" },
  "deployments.staleTitle": {
    en: "{machine} cannot be reached. The deployment goes on without us.",
    sv: "{machine} nås inte. Driftsättningen fortsätter utan oss.",
  },
  "deployments.staleLead": {
    en: "Its health was last heard {time}.",
    sv: "Dess hälsa hördes senast {time}.",
  },
  "deployments.neverChecked": { en: "not checked yet", sv: "inte kontrollerad än" },
  "deployments.checkTook": { en: "{time}, took {ms} ms", sv: "{time}, tog {ms} ms" },
  "deployments.switching": {
    en: "Version {live} serves; version {wanted} is wanted.",
    sv: "Version {live} är i drift; version {wanted} önskas.",
  },
  "deployments.notYet": {
    en: "None serves yet; version {wanted} is wanted.",
    sv: "Ingen är i drift än; version {wanted} önskas.",
  },

  "deployments.facts": { en: "Observed", sv: "Observerat" },
  "deployments.endpointLead": { en: "As seen on {machine}", sv: "Sett från {machine}" },
  "deployments.serving": { en: "Serving", sv: "I drift" },
  "deployments.process": { en: "plain process", sv: "vanlig process" },
  "deployments.bind": { en: "Listens on", sv: "Lyssnar på" },
  "deployments.history": { en: "Revisions", sv: "Revisioner" },
  "deployments.revision": { en: "Revision {n}", sv: "Revision {n}" },
  "deployments.outcome.pending": { en: "Starting", sv: "Startar" },
  "deployments.outcome.live": { en: "Live", sv: "I drift" },
  "deployments.outcome.retired": { en: "Retired", sv: "Avlöst" },
  "deployments.outcome.refused": { en: "Refused", sv: "Avvisad" },
  "deployments.why": { en: "Why", sv: "Varför" },

  "deployments.try": { en: "Try it", sv: "Prova" },
  "deployments.tryLead": {
    en: "Sends the body to /invocations through the machine's agent.",
    sv: "Skickar innehållet till /invocations genom maskinens agent.",
  },
  "deployments.request": { en: "Request", sv: "Fråga" },
  "deployments.response": { en: "Answer", sv: "Svar" },
  "deployments.send": { en: "Send", sv: "Skicka" },
  "deployments.sending": { en: "Waiting for the answer…", sv: "Väntar på svaret…" },
  "deployments.noAnswer": { en: "The answer appears here.", sv: "Svaret visas här." },
  "deployments.answered": { en: "{status} in {ms} ms", sv: "{status} på {ms} ms" },
  "deployments.resetExample": { en: "Back to the example", sv: "Tillbaka till exemplet" },
  "deployments.tryNot": { en: "It can be tried when it is healthy.", sv: "Den kan provas när den är frisk." },
  "deployments.badJson": { en: "Not JSON yet: {why}", sv: "Inte JSON än: {why}" },
  "deployments.tooLong": { en: "At most 1 MiB.", sv: "Högst 1 MiB." },

  "deployments.stop": { en: "Stop", sv: "Stoppa" },
  "deployments.stopTitle": { en: "Stop {name}?", sv: "Stoppa {name}?" },
  "deployments.stopLead": {
    en: "{endpoint} stops answering until it is started again. Nothing is deleted.",
    sv: "{endpoint} slutar svara tills den startas igen. Inget tas bort.",
  },
  "deployments.start": { en: "Start", sv: "Starta" },
  "deployments.update": { en: "Deploy another version", sv: "Driftsätt en annan version" },
  "deployments.updateTitle": {
    en: "Deploy another version to {name}",
    sv: "Driftsätt en annan version till {name}",
  },
  "deployments.updateLead": {
    en: "The new version starts and must answer its health check. If it does not, the one that serves now stays.",
    sv: "Den nya versionen startar och måste svara på sin hälsokontroll. Gör den inte det stannar den som är i drift nu.",
  },
  "deployments.updateAct": { en: "Deploy version {n}", sv: "Driftsätt version {n}" },
  "deployments.rollback": { en: "Roll back", sv: "Rulla tillbaka" },
  "deployments.rollbackTitle": { en: "Roll {name} back?", sv: "Rulla tillbaka {name}?" },
  "deployments.rollbackLead": {
    en: "It returns to revision {n}: version {version}.",
    sv: "Den återgår till revision {n}: version {version}.",
  },
  "deployments.delete": { en: "Delete", sv: "Ta bort" },
  "deployments.deleteTitle": { en: "Delete {name}?", sv: "Ta bort {name}?" },
  "deployments.deleteLead": {
    en: "{endpoint} stops answering, and {n} on {machine} are removed with their logs. The model version and its image stay.",
    sv: "{endpoint} slutar svara, och {n} på {machine} tas bort med sina loggar. Modellversionen och dess avbild finns kvar.",
  },
  "deployments.revisions": {
    en: { one: "{n} revision", other: "{n} revisions" },
    sv: { one: "{n} revision", other: "{n} revisioner" },
  },
  "deployments.deletedToast": { en: "{name} deleted", sv: "{name} borttagen" },
  "deployments.notFoundTitle": {
    en: "This deployment is not here any more",
    sv: "Driftsättningen finns inte längre",
  },
  "deployments.open": { en: "Open", sv: "Öppna" },

  "deployments.form.title": { en: "New deployment", sv: "Ny driftsättning" },
  "deployments.form.lead": {
    en: "Serve one version of a model on a machine.",
    sv: "Kör en version av en modell på en maskin.",
  },
  "deployments.form.model": { en: "Model", sv: "Modell" },
  "deployments.form.version": { en: "Version", sv: "Version" },
  "deployments.form.noModels": { en: "No model is registered", sv: "Ingen modell är registrerad" },
  "deployments.form.noImage": { en: "no image", sv: "ingen avbild" },
  "deployments.form.needsImage": {
    en: "{machine} runs containers, and version {n} has no image yet.",
    sv: "{machine} kör containrar, och version {n} har ingen avbild än.",
  },
  "deployments.form.toVersion": { en: "Containerize it", sv: "Paketera den" },
  "deployments.form.machine": { en: "Machine", sv: "Maskin" },
  "deployments.form.name": { en: "Name", sv: "Namn" },
  "deployments.form.nameLead": {
    en: "Lower-case letters, digits and hyphens.",
    sv: "Små bokstäver, siffror och bindestreck.",
  },
  "deployments.form.port": { en: "Port on the machine", sv: "Port på maskinen" },
  "deployments.form.portLead": {
    en: "Left empty, a free one is chosen.",
    sv: "Lämnas den tom väljs en ledig.",
  },
  "deployments.form.portFree": { en: "Nothing listens there.", sv: "Inget lyssnar där." },
  "deployments.form.portTaken": { en: "Taken by {holder}.", sv: "Upptagen av {holder}." },
  "deployments.form.portTakenUnknown": {
    en: "Something listens there already.",
    sv: "Något lyssnar redan där.",
  },
  "deployments.form.reach": { en: "Who can reach it", sv: "Vem som når den" },
  "deployments.form.reachLocal": { en: "Only the machine itself", sv: "Bara maskinen själv" },
  "deployments.form.reachLocalLead": {
    en: "Listens on 127.0.0.1. Try it from here through the agent.",
    sv: "Lyssnar på 127.0.0.1. Prova den härifrån genom agenten.",
  },
  "deployments.form.reachAll": { en: "Everyone on its network", sv: "Alla på dess nät" },
  "deployments.form.reachAllLead": {
    en: "Listens on 0.0.0.0, without encryption or login.",
    sv: "Lyssnar på 0.0.0.0, utan kryptering eller inloggning.",
  },
  "deployments.form.will.pull": { en: "Pull {image} on {machine}", sv: "Hämta {image} på {machine}" },
  "deployments.form.will.pullIts": {
    en: "Pull the image of the version on {machine}",
    sv: "Hämta versionens avbild på {machine}",
  },
  "deployments.form.will.start": {
    en: "Start it with no network but loopback",
    sv: "Starta den utan annat nätverk än loopback",
  },
  "deployments.form.will.process": {
    en: "Start a scoring process on {machine}",
    sv: "Starta en poängprocess på {machine}",
  },
  "deployments.form.will.health": {
    en: "Ask /ping until it answers; only then it is live",
    sv: "Fråga /ping tills den svarar; först då är den i drift",
  },
  "deployments.form.will.listen": { en: "Answer on {endpoint}", sv: "Svara på {endpoint}" },
  "deployments.form.will.listenFree": {
    en: "Answer on a free port of {address}",
    sv: "Svara på en ledig port på {address}",
  },
  "deployments.form.act": { en: "Deploy", sv: "Driftsätt" },

  "deployments.wrong.name": {
    en: "1 to 50 lower-case letters, digits and hyphens, no hyphen at the ends.",
    sv: "1 till 50 små bokstäver, siffror och bindestreck, inget bindestreck i ändarna.",
  },
  "deployments.wrong.port": {
    en: "A port is a whole number from 1024 to 65535.",
    sv: "En port är ett heltal från 1024 till 65535.",
  },
});
