import { define } from "../define";

export const setup = define({
  "setup.done.what": { en: "What is registered", sv: "Det som registreras" },
  "welcome.title": { en: "Train where the data is", sv: "Träna där datan finns" },
  "welcome.lead": {
    en: "Skerry runs training on machines of your own and keeps the record: runs, models, what is live. Nothing leaves the site unless you send it.",
    sv: "Skerry kör träning på dina egna maskiner och för journalen: körningar, modeller, vad som är i drift. Inget lämnar platsen om du inte skickar det.",
  },
  "welcome.try": { en: "Try it on this computer", sv: "Prova på den här datorn" },
  "welcome.tryLead": {
    en: "Runs a small sample here and shows it live. Needs Python 3; takes about a minute.",
    sv: "Kör ett litet exempel här och visar det direkt. Kräver Python 3; tar ungefär en minut.",
  },
  "welcome.trying": { en: "Starting the agent and the sample…", sv: "Startar agenten och exemplet…" },
  "welcome.register": { en: "Register a machine", sv: "Registrera en maskin" },
  "welcome.registerLead": {
    en: "A computer that you reach over SSH, with Docker or Podman. You need its address and a way to log in.",
    sv: "En dator som du når över SSH, med Docker eller Podman. Du behöver dess adress och ett sätt att logga in.",
  },
  "welcome.resume": { en: "Continue registering {name}", sv: "Fortsätt registrera {name}" },
  "welcome.keys": { en: "opens everything from the keyboard", sv: "öppnar allt från tangentbordet" },

  "setup.title": { en: "Register a machine", sv: "Registrera en maskin" },
  "setup.leave": { en: "Close and keep", sv: "Stäng och behåll" },
  "setup.leaveNew": { en: "Close", sv: "Stäng" },
  "setup.leaveHint": {
    en: "What you entered is kept; secrets are not.",
    sv: "Det du angett behålls; hemligheter gör det inte.",
  },
  "setup.step.address": { en: "Address", sv: "Adress" },
  "setup.step.host_key": { en: "Host key", sv: "Värdnyckel" },
  "setup.step.authenticate": { en: "First login", sv: "Första inloggning" },
  "setup.step.key": { en: "Key of its own", sv: "Egen nyckel" },
  "setup.step.preflight": { en: "Checks", sv: "Kontroller" },
  "setup.step.agent": { en: "Agent", sv: "Agent" },
  "setup.step.done": { en: "Name", sv: "Namn" },

  "setup.address.heading": { en: "Where is the machine?", sv: "Var finns maskinen?" },
  "setup.address.lead": {
    en: "Its SSH server is asked for its key next; nothing is changed on the machine yet.",
    sv: "Härnäst frågas dess SSH-server efter sin nyckel; inget ändras på maskinen ännu.",
  },
  "setup.address.host": { en: "Host name or IP address", sv: "Värdnamn eller IP-adress" },
  "setup.address.port": { en: "Port", sv: "Port" },
  "setup.address.user": { en: "User on the machine", sv: "Användare på maskinen" },
  "setup.address.userHint": {
    en: "Needs no root: the agent lives in this user's home.",
    sv: "Kräver inte root: agenten bor i användarens hemmapp.",
  },
  "setup.address.name": { en: "Name in Skerry", sv: "Namn i Skerry" },
  "setup.address.nameHint": { en: "Empty: the host name.", sv: "Tomt: värdnamnet." },
  "setup.address.jump": { en: "Go through a jump host", sv: "Gå via en hoppvärd" },
  "setup.address.jumpHint": {
    en: "It is logged in to the same way as the machine itself.",
    sv: "Den loggas in på samma sätt som maskinen själv.",
  },
  "setup.address.jumpHost": { en: "Jump host", sv: "Hoppvärd" },
  "setup.address.jumpUser": { en: "User there", sv: "Användare där" },
  "setup.address.go": { en: "Ask for its key", sv: "Fråga efter nyckeln" },
  "setup.address.changed": {
    en: "Another address starts over: key, login and checks are done again.",
    sv: "En annan adress börjar om: nyckel, inloggning och kontroller görs på nytt.",
  },

  "setup.host_key.heading": { en: "Is this really the machine?", sv: "Är det verkligen maskinen?" },
  "setup.host_key.lead": {
    en: "Compare the fingerprint with the one shown on the machine itself. Once confirmed it is pinned: any other key stops the connection.",
    sv: "Jämför fingeravtrycket med det som visas på maskinen själv. När det är bekräftat fästs det: en annan nyckel stoppar anslutningen.",
  },
  "setup.host_key.asking": { en: "Asking {host} for its key", sv: "Frågar {host} efter dess nyckel" },
  "setup.host_key.machine": { en: "Machine {host}", sv: "Maskin {host}" },
  "setup.host_key.jump": { en: "Jump host {host}", sv: "Hoppvärd {host}" },
  "setup.host_key.state.unknown": { en: "Not met before", sv: "Ny bekantskap" },
  "setup.host_key.state.pinned": { en: "Pinned, the same as before", sv: "Fäst, samma som tidigare" },
  "setup.host_key.state.known_to_user": { en: "Known: {from}", sv: "Känd: {from}" },
  "setup.host_key.state.mismatch": { en: "Another key than known", sv: "En annan nyckel än den kända" },
  "setup.host_key.state.revoked": { en: "Revoked key", sv: "Återkallad nyckel" },
  "setup.host_key.compare": { en: "To see it on the machine:", sv: "För att se det på maskinen:" },
  "setup.host_key.offered": { en: "Offered now", sv: "Erbjuds nu" },
  "setup.host_key.known": { en: "Known ({from})", sv: "Känd ({from})" },
  "setup.host_key.mismatchTitle": {
    en: "Stop: {host} shows another key than the known one",
    sv: "Stopp: {host} visar en annan nyckel än den kända",
  },
  "setup.host_key.mismatchLead": {
    en: "Either the machine was reinstalled, or something stands between you and it. Skerry does not connect. Ask whoever runs the machine; if the change is genuine, remove the old key from the place named below and ask again.",
    sv: "Antingen har maskinen installerats om, eller så står något emellan. Skerry ansluter inte. Fråga den som sköter maskinen; om ändringen är äkta, ta bort den gamla nyckeln från platsen nedan och fråga igen.",
  },
  "setup.host_key.revokedTitle": {
    en: "Stop: the key of {host} is revoked",
    sv: "Stopp: nyckeln för {host} är återkallad",
  },
  "setup.host_key.again": { en: "Ask again", sv: "Fråga igen" },
  "setup.host_key.confirm": { en: "Yes, it is the machine", sv: "Ja, det är maskinen" },
  "setup.host_key.confirmKnown": { en: "Continue with this key", sv: "Fortsätt med den här nyckeln" },

  "setup.auth.heading": { en: "Log in for the first time", sv: "Logga in första gången" },
  "setup.auth.lead": {
    en: "Used once, to install a key of its own in the next step.",
    sv: "Används en gång, för att installera en egen nyckel i nästa steg.",
  },
  "setup.auth.how": { en: "How to log in as {user}", sv: "Hur inloggning sker som {user}" },
  "setup.auth.password": { en: "Password", sv: "Lösenord" },
  "setup.auth.passwordLead": { en: "Typed now, used once.", sv: "Skrivs nu, används en gång." },
  "setup.auth.key_file": { en: "Key file", sv: "Nyckelfil" },
  "setup.auth.key_fileLead": {
    en: "A private key on this computer.",
    sv: "En privat nyckel på den här datorn.",
  },
  "setup.auth.ssh_agent": { en: "ssh-agent", sv: "ssh-agent" },
  "setup.auth.ssh_agentLead": {
    en: "Keys that your session has loaded.",
    sv: "Nycklar som din session har inlästa.",
  },
  "setup.auth.remember": { en: "Keep the password in the keyring", sv: "Behåll lösenordet i nyckelringen" },
  "setup.auth.rememberHint": {
    en: "Not needed: the key of its own takes over. Without this it is forgotten after use.",
    sv: "Behövs inte: den egna nyckeln tar över. Annars glöms det efter användning.",
  },
  "setup.auth.path": { en: "Private key file", sv: "Privat nyckelfil" },
  "setup.auth.passphrase": { en: "Passphrase of the key", sv: "Nyckelns lösenfras" },
  "setup.auth.passphraseHint": {
    en: "Leave empty when the key has none.",
    sv: "Lämna tomt om nyckeln saknar en.",
  },
  "setup.auth.go": { en: "Log in", sv: "Logga in" },
  "setup.auth.worked": { en: "Logged in {time} by {method}", sv: "Inloggad {time} med {method}" },

  "setup.key.heading": { en: "Give the machine a key of its own", sv: "Ge maskinen en egen nyckel" },
  "setup.key.lead": { en: "What will happen:", sv: "Det här kommer att hända:" },
  "setup.key.will1": {
    en: "A new ed25519 key pair is made on this computer. Its passphrase goes into the keyring; nobody has to know it.",
    sv: "Ett nytt ed25519-nyckelpar skapas på den här datorn. Lösenfrasen läggs i nyckelringen; ingen behöver känna till den.",
  },
  "setup.key.will2": {
    en: "Its public key is added to ~/.ssh/authorized_keys of {user} on {host}. Nothing else there changes.",
    sv: "Den öppna nyckeln läggs till i ~/.ssh/authorized_keys för {user} på {host}. Inget annat där ändras.",
  },
  "setup.key.will3": {
    en: "A fresh login with the new key is tried.",
    sv: "En ny inloggning med nyckeln prövas.",
  },
  "setup.key.go": { en: "Make and install the key", sv: "Skapa och installera nyckeln" },
  "setup.key.again": { en: "Try once more", sv: "Försök en gång till" },
  "setup.key.working": {
    en: "Making, installing and trying the key",
    sv: "Skapar, installerar och prövar nyckeln",
  },
  "setup.key.made": { en: "Made", sv: "Skapad" },
  "setup.key.installed": { en: "Installed", sv: "Installerad" },
  "setup.key.verified": { en: "Login verified", sv: "Inloggning bekräftad" },
  "setup.key.fingerprint": { en: "Fingerprint", sv: "Fingeravtryck" },
  "setup.key.public": { en: "Public key", sv: "Öppen nyckel" },
  "setup.key.file": { en: "Private key, encrypted", sv: "Privat nyckel, krypterad" },
  "setup.key.byHand": {
    en: "If installing is not allowed there, add this line to authorized_keys by hand, then try once more.",
    sv: "Om installation inte tillåts där: lägg till raden i authorized_keys för hand och försök sedan en gång till.",
  },

  "setup.preflight.heading": { en: "Is the machine fit for work?", sv: "Är maskinen redo för arbete?" },
  "setup.preflight.lead": {
    en: "Plain commands over SSH that only look. Nothing is installed or changed.",
    sv: "Vanliga kommandon över SSH som bara tittar. Inget installeras eller ändras.",
  },
  "setup.preflight.again": { en: "Check everything again", sv: "Kontrollera allt igen" },
  "setup.preflight.running": { en: "Checking the machine", sv: "Kontrollerar maskinen" },
  "setup.preflight.ok": { en: "Everything needed is there.", sv: "Allt som behövs finns." },
  "setup.preflight.bad": {
    en: { one: "{n} required check fails.", other: "{n} required checks fail." },
    sv: { one: "{n} nödvändig kontroll misslyckas.", other: "{n} nödvändiga kontroller misslyckas." },
  },

  "setup.agent.heading": { en: "Install the agent", sv: "Installera agenten" },
  "setup.agent.lead": {
    en: "The agent supervises runs on the machine and keeps their record, also while no console is there. What will happen:",
    sv: "Agenten övervakar körningar på maskinen och för deras journal, även när ingen konsol är där. Det här kommer att hända:",
  },
  "setup.agent.will1": {
    en: "One static program is copied to ~/.skerry/agent/bin in the home of {user}. No root, no packages, no service is set up.",
    sv: "Ett statiskt program kopieras till ~/.skerry/agent/bin i hemmappen för {user}. Ingen root, inga paket, ingen tjänst installeras.",
  },
  "setup.agent.will2": {
    en: "It is started and listens on a socket that only {user} can open. No port is opened.",
    sv: "Det startas och lyssnar på en sockel som bara {user} kan öppna. Ingen port öppnas.",
  },
  "setup.agent.will3": { en: "It is asked for its version.", sv: "Det tillfrågas om sin version." },
  "setup.agent.go": { en: "Install and start", sv: "Installera och starta" },
  "setup.agent.again": { en: "Install once more", sv: "Installera en gång till" },
  "setup.agent.phase.uploading": { en: "Copying the agent", sv: "Kopierar agenten" },
  "setup.agent.phase.starting": { en: "Starting it", sv: "Startar den" },
  "setup.agent.phase.answering": { en: "Waiting for its answer", sv: "Väntar på dess svar" },
  "setup.agent.answers": {
    en: "The agent answers: version {version}",
    sv: "Agenten svarar: version {version}",
  },
  "setup.agent.path": { en: "Program", sv: "Program" },
  "setup.agent.size": { en: "Size", sv: "Storlek" },

  "setup.done.heading": { en: "Register it", sv: "Registrera den" },
  "setup.done.lead": {
    en: "Everything works. The machine gets its name and takes its place in the list.",
    sv: "Allt fungerar. Maskinen får sitt namn och sin plats i listan.",
  },
  "setup.done.go": { en: "Register", sv: "Registrera" },
  "setup.done.registered": { en: "{name} is registered", sv: "{name} är registrerad" },
  "setup.done.exists": { en: "What exists now", sv: "Det här finns nu" },
  "setup.done.machine": { en: "Machine", sv: "Maskin" },
  "setup.done.hostKey": { en: "Pinned host key", sv: "Fäst värdnyckel" },
  "setup.done.key": { en: "Key of its own", sv: "Egen nyckel" },
  "setup.done.agent": { en: "Agent", sv: "Agent" },
  "setup.done.next": { en: "Start a run there", sv: "Starta en körning där" },
  "setup.done.open": { en: "Open the machine", sv: "Öppna maskinen" },
  "setup.done.cli": { en: "The same from a script", sv: "Samma sak från ett skript" },
  "setup.gone": {
    en: "This registration is finished or was discarded",
    sv: "Registreringen är klar eller kastades",
  },

  "setup.invalid.host": {
    en: "Enter a host name or an IP address.",
    sv: "Ange ett värdnamn eller en IP-adress.",
  },
  "setup.invalid.hostForm": {
    en: "This is neither a host name nor an IP address.",
    sv: "Det här är varken ett värdnamn eller en IP-adress.",
  },
  "setup.invalid.port": {
    en: "A port is a whole number from 1 to 65535.",
    sv: "En port är ett heltal från 1 till 65535.",
  },
  "setup.invalid.user": { en: "Enter the user name on the machine.", sv: "Ange användarnamnet på maskinen." },
  "setup.invalid.userForm": {
    en: "This cannot be a user name.",
    sv: "Det här kan inte vara ett användarnamn.",
  },
  "setup.invalid.name": { en: "Enter a name.", sv: "Ange ett namn." },
  "setup.invalid.nameLong": {
    en: "A name has at most 100 characters.",
    sv: "Ett namn har högst 100 tecken.",
  },
  "setup.invalid.nameControl": {
    en: "A name has no control characters.",
    sv: "Ett namn har inga styrtecken.",
  },
  "setup.invalid.path": { en: "Enter the full path of the file.", sv: "Ange filens fullständiga sökväg." },
  "setup.invalid.password": { en: "Enter the password.", sv: "Ange lösenordet." },
});
