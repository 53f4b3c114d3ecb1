import type { UiCode } from "../backend/types";
import type { Message } from "../i18n/define";

export interface ErrorEntry {
  /** What did not happen. */
  title: Message;
  /** Why, in general; the error's own message is more exact and goes first. */
  why: Message;
  /** What a person can do. */
  act: Message;
}

const m = (en: string, sv: string): Message => ({ en, sv });

/** The one table from code to words. A code without an entry does not compile. */
export const errorTable: Record<UiCode, ErrorEntry> = {
  invalid: {
    title: m("A value is not acceptable", "Ett värde går inte att använda"),
    why: m(
      "One of the fields holds a value that cannot be used.",
      "Ett av fälten har ett värde som inte går att använda.",
    ),
    act: m("Change the value and try again.", "Ändra värdet och försök igen."),
  },
  not_found: {
    title: m("This is not there any more", "Det här finns inte längre"),
    why: m("What was asked for does not exist.", "Det som efterfrågades finns inte."),
    act: m(
      "It may have been deleted. Go back to the list and look there.",
      "Det kan ha tagits bort. Gå tillbaka till listan och titta där.",
    ),
  },
  already_exists: {
    title: m("The name is taken", "Namnet är upptaget"),
    why: m("Something with that name is there already.", "Något med det namnet finns redan."),
    act: m(
      "Choose another name, or open the existing one.",
      "Välj ett annat namn eller öppna det som finns.",
    ),
  },
  wrong_state: {
    title: m("Not possible in this state", "Går inte i det här läget"),
    why: m("The thing is not in a state that allows this.", "Läget tillåter inte den här åtgärden."),
    act: m(
      "Look at its state, which may have changed meanwhile.",
      "Titta på läget, det kan ha ändrats under tiden.",
    ),
  },
  busy: {
    title: m("Something else is under way", "Något annat pågår"),
    why: m("Another operation works on the same thing.", "En annan åtgärd arbetar med samma sak."),
    act: m(
      "Wait for it to end or cancel it, then try again.",
      "Vänta tills den är klar eller avbryt den, och försök igen.",
    ),
  },
  cancelled: {
    title: m("Cancelled", "Avbrutet"),
    why: m("A person cancelled it.", "En person avbröt."),
    act: m("Nothing is needed. Start again when you like.", "Inget behöver göras. Börja om när du vill."),
  },
  disk_full: {
    title: m("The disk is full", "Disken är full"),
    why: m("There is no room left to write.", "Det finns inget utrymme kvar att skriva på."),
    act: m(
      "Free some space on that disk, then try again. Nothing half-written was kept.",
      "Frigör utrymme på disken och försök igen. Inget halvskrivet sparades.",
    ),
  },
  file_access: {
    title: m("A file cannot be used", "En fil går inte att använda"),
    why: m("A file or folder cannot be read or written.", "En fil eller mapp kan inte läsas eller skrivas."),
    act: m(
      "Check that the path exists and that you have the right to it.",
      "Kontrollera att sökvägen finns och att du har rätt till den.",
    ),
  },
  unsafe_link: {
    title: m("The folder has an unsafe link", "Mappen har en osäker länk"),
    why: m(
      "A symbolic link goes in circles or leaves the folder.",
      "En symbolisk länk går i cirkel eller leder ut ur mappen.",
    ),
    act: m(
      "Remove the link named below, or replace it with the files it points at.",
      "Ta bort länken som nämns nedan, eller ersätt den med filerna den pekar på.",
    ),
  },
  store_newer: {
    title: m("This data is from a newer Skerry", "Datan kommer från en nyare Skerry"),
    why: m(
      "The data folder was written by a newer version; this one leaves it untouched.",
      "Datamappen skrevs av en nyare version; den här rör den inte.",
    ),
    act: m(
      "Install the newer version, or choose another data folder.",
      "Installera den nyare versionen eller välj en annan datamapp.",
    ),
  },
  store_corrupt: {
    title: m("The store is damaged", "Datalagret är skadat"),
    why: m("The database file cannot be read as it should.", "Databasfilen går inte att läsa som den ska."),
    act: m(
      "Let `skerry doctor store` say what is wrong; with --rescue it saves what can be read into a new file.",
      "Låt `skerry doctor store` säga vad som är fel; med --rescue räddar det som går att läsa till en ny fil.",
    ),
  },
  transfer_incomplete: {
    title: m("Not everything was carried over", "Allt kom inte med"),
    why: m(
      "Something in the source is missing in the target, or differs.",
      "Något i källan saknas i målet eller skiljer sig.",
    ),
    act: m(
      "Read the list of differences, then start it again: what is there already is not carried twice.",
      "Läs listan över skillnader och starta igen: det som redan finns flyttas inte två gånger.",
    ),
  },
  store_read_only: {
    title: m("The store cannot be written", "Datalagret går inte att skriva till"),
    why: m(
      "The data folder is on a read-only medium or belongs to somebody else.",
      "Datamappen ligger på ett skrivskyddat medium eller tillhör någon annan.",
    ),
    act: m(
      "Give yourself the right to write there, or choose another data folder.",
      "Ge dig själv skrivrätt där eller välj en annan datamapp.",
    ),
  },
  data_folder_in_use: {
    title: m("The data folder is in use", "Datamappen används redan"),
    why: m("Another Skerry has this data folder open.", "En annan Skerry har datamappen öppen."),
    act: m(
      "Close the other one, or start this one with another data folder.",
      "Stäng den andra, eller starta den här med en annan datamapp.",
    ),
  },
  port_taken: {
    title: m("The port is taken", "Porten är upptagen"),
    why: m("Another program listens on that port.", "Ett annat program lyssnar på den porten."),
    act: m(
      "Choose another port, or stop the other program.",
      "Välj en annan port eller stoppa det andra programmet.",
    ),
  },
  keyring_locked: {
    title: m("The keyring is locked", "Nyckelringen är låst"),
    why: m("The system's keyring is there but does not open.", "Systemets nyckelring finns men öppnas inte."),
    act: m(
      "Unlock it in your desktop session, then try again.",
      "Lås upp den i din skrivbordssession och försök igen.",
    ),
  },
  keyring_unavailable: {
    title: m("No keyring answers", "Ingen nyckelring svarar"),
    why: m("The system's keyring service is not running.", "Systemets nyckelringstjänst är inte igång."),
    act: m(
      "Start the keyring service, or use the encrypted vault under Settings, Secrets.",
      "Starta nyckelringstjänsten, eller använd det krypterade valvet under Inställningar, Hemligheter.",
    ),
  },
  vault_absent: {
    title: m("There is no vault yet", "Det finns inget valv ännu"),
    why: m(
      "Secrets have no place to be kept: no keyring, and no vault was made.",
      "Hemligheter saknar plats: ingen nyckelring, och inget valv har skapats.",
    ),
    act: m(
      "Choose a passphrase for a new vault under Settings, Secrets.",
      "Välj en lösenfras för ett nytt valv under Inställningar, Hemligheter.",
    ),
  },
  vault_locked: {
    title: m("The vault is locked", "Valvet är låst"),
    why: m(
      "The vault needs its passphrase once per start.",
      "Valvet behöver sin lösenfras en gång per start.",
    ),
    act: m("Unlock it under Settings, Secrets.", "Lås upp det under Inställningar, Hemligheter."),
  },
  wrong_passphrase: {
    title: m("The passphrase does not fit", "Lösenfrasen stämmer inte"),
    why: m("It does not open the vault or the key.", "Den öppnar inte valvet eller nyckeln."),
    act: m(
      "Type it again; check the keyboard layout and Caps Lock.",
      "Skriv den igen; kontrollera tangentbordslayout och Caps Lock.",
    ),
  },
  vault_corrupt: {
    title: m("The vault file is damaged", "Valvfilen är skadad"),
    why: m("The vault cannot be read as it should.", "Valvet går inte att läsa som det ska."),
    act: m(
      "Restore the file from a backup, or start a new vault and enter the secrets again.",
      "Återställ filen från en säkerhetskopia, eller börja ett nytt valv och ange hemligheterna igen.",
    ),
  },
  secret_missing: {
    title: m("A secret is missing", "En hemlighet saknas"),
    why: m("It is not in the keyring any more.", "Den finns inte kvar i nyckelringen."),
    act: m(
      "Enter it again where it is used: the machine's login or the registry.",
      "Ange den igen där den används: maskinens inloggning eller registret.",
    ),
  },
  host_not_found: {
    title: m("There is no such host", "Värden finns inte"),
    why: m("The name has no address.", "Namnet har ingen adress."),
    act: m(
      "Check the spelling, or use the IP address. A VPN may have to be on.",
      "Kontrollera stavningen eller använd IP-adressen. Ett VPN kan behöva vara på.",
    ),
  },
  connection_refused: {
    title: m("Nothing listens there", "Inget lyssnar där"),
    why: m("The machine is up, but the port is closed.", "Maskinen är igång, men porten är stängd."),
    act: m(
      "Check the port, and that the SSH service runs on the machine.",
      "Kontrollera porten och att SSH-tjänsten är igång på maskinen.",
    ),
  },
  timed_out: {
    title: m("No answer in time", "Inget svar i tid"),
    why: m("Nothing came back within the time limit.", "Inget kom tillbaka inom tidsgränsen."),
    act: m(
      "Check the address and whether a firewall stands between, then try again.",
      "Kontrollera adressen och om en brandvägg står emellan, och försök igen.",
    ),
  },
  no_route: {
    title: m("No way to the machine", "Ingen väg till maskinen"),
    why: m("The network has no route to that address.", "Nätverket har ingen väg till den adressen."),
    act: m(
      "Check the network or VPN of this computer, or go through a jump host.",
      "Kontrollera datorns nätverk eller VPN, eller gå via en hoppvärd.",
    ),
  },
  not_ssh: {
    title: m("This is not an SSH server", "Det här är ingen SSH-server"),
    why: m("What answers at that port speaks something else.", "Det som svarar på porten talar något annat."),
    act: m("Check the port; SSH is usually 22.", "Kontrollera porten; SSH är oftast 22."),
  },
  host_key_unknown: {
    title: m("The host key is not confirmed yet", "Värdnyckeln är inte bekräftad ännu"),
    why: m("The machine has not been met before.", "Maskinen är ny för den här datorn."),
    act: m(
      "Compare the fingerprint with the machine's own, then confirm it.",
      "Jämför fingeravtrycket med maskinens eget och bekräfta det sedan.",
    ),
  },
  host_key_mismatch: {
    title: m("The host key has changed", "Värdnyckeln har ändrats"),
    why: m(
      "The machine shows another key than the pinned one. It was reinstalled, or something stands in between.",
      "Maskinen visar en annan nyckel än den fästa. Den har installerats om, eller så står något emellan.",
    ),
    act: m(
      "Stop here. Ask who runs the machine; only then remove the old key and confirm the new one.",
      "Stanna här. Fråga den som sköter maskinen; ta först därefter bort den gamla nyckeln och bekräfta den nya.",
    ),
  },
  host_key_revoked: {
    title: m("The host key is revoked", "Värdnyckeln är återkallad"),
    why: m("This key is marked as no longer to be trusted.", "Nyckeln är märkt som inte längre betrodd."),
    act: m("Do not connect. Ask who runs the machine.", "Anslut inte. Fråga den som sköter maskinen."),
  },
  password_refused: {
    title: m("The password was refused", "Lösenordet avvisades"),
    why: m("The machine did not accept it for that user.", "Maskinen godtog det inte för den användaren."),
    act: m(
      "Check user and password, or log in with a key.",
      "Kontrollera användare och lösenord, eller logga in med en nyckel.",
    ),
  },
  key_refused: {
    title: m("The key was refused", "Nyckeln avvisades"),
    why: m(
      "The machine does not know this key for that user.",
      "Maskinen känner inte nyckeln för den användaren.",
    ),
    act: m(
      "Add the public key to authorized_keys there, or log in another way.",
      "Lägg till den öppna nyckeln i authorized_keys där, eller logga in på annat sätt.",
    ),
  },
  auth_method_unavailable: {
    title: m("That way of logging in is not offered", "Det inloggningssättet erbjuds inte"),
    why: m("The machine does not allow it.", "Maskinen tillåter det inte."),
    act: m(
      "Choose another way; the details name what the machine offers.",
      "Välj ett annat sätt; detaljerna säger vad maskinen erbjuder.",
    ),
  },
  ssh_agent_unavailable: {
    title: m("No ssh-agent answers", "Ingen ssh-agent svarar"),
    why: m(
      "SSH_AUTH_SOCK is not set, or nothing listens there.",
      "SSH_AUTH_SOCK är inte satt, eller så lyssnar inget där.",
    ),
    act: m(
      "Start ssh-agent and add a key, or use a key file.",
      "Starta ssh-agent och lägg till en nyckel, eller använd en nyckelfil.",
    ),
  },
  key_file_invalid: {
    title: m("This is not a usable key file", "Det här är ingen användbar nyckelfil"),
    why: m(
      "The file holds no private key that can be read.",
      "Filen innehåller ingen privat nyckel som går att läsa.",
    ),
    act: m(
      "Choose the private key (not the .pub file), in OpenSSH or PEM format.",
      "Välj den privata nyckeln (inte .pub-filen), i OpenSSH- eller PEM-format.",
    ),
  },
  disconnected: {
    title: m("The connection broke", "Anslutningen bröts"),
    why: m("The link to the machine ended in the middle.", "Länken till maskinen tog slut mitt i."),
    act: m(
      "Try again; runs on the machine go on meanwhile.",
      "Försök igen; körningar på maskinen fortsätter under tiden.",
    ),
  },
  ssh_forbidden: {
    title: m("The SSH server forbids this", "SSH-servern förbjuder det här"),
    why: m(
      "Its configuration does not allow what is needed.",
      "Dess konfiguration tillåter inte det som behövs.",
    ),
    act: m(
      "Ask the administrator to allow what the details name.",
      "Be administratören tillåta det som detaljerna nämner.",
    ),
  },
  command_failed: {
    title: m("A command on the machine failed", "Ett kommando på maskinen misslyckades"),
    why: m("It ended with an error.", "Det slutade med ett fel."),
    act: m(
      "Read its output; the last lines usually name the cause.",
      "Läs utskriften; de sista raderna nämner oftast orsaken.",
    ),
  },
  machine_unreachable: {
    title: m("The machine cannot be reached", "Maskinen går inte att nå"),
    why: m("The link is down. What runs there goes on.", "Länken är nere. Det som kör där fortsätter."),
    act: m(
      "Nothing is lost: it catches up when the link is back. Check the network if this lasts.",
      "Inget går förlorat: den hämtar ikapp när länken är tillbaka. Kontrollera nätverket om det varar.",
    ),
  },
  agent_unreachable: {
    title: m("The agent does not answer", "Agenten svarar inte"),
    why: m(
      "The machine answers, but the agent there does not.",
      "Maskinen svarar, men agenten där gör det inte.",
    ),
    act: m(
      "Reconnect on the machine's page: it starts the agent again.",
      "Återanslut på maskinens sida: det startar agenten igen.",
    ),
  },
  agent_binary_missing: {
    title: m("No agent for this machine", "Ingen agent för den här maskinen"),
    why: m(
      "The agent program for its processor is not at hand.",
      "Agentprogrammet för dess processor finns inte till hands.",
    ),
    act: m(
      "Build or install the agent for that processor, then check again.",
      "Bygg eller installera agenten för den processorn och kontrollera igen.",
    ),
  },
  agent_version: {
    title: m("The agent's version does not fit", "Agentens version passar inte"),
    why: m(
      "The agent is too old or too new for this console.",
      "Agenten är för gammal eller för ny för den här konsolen.",
    ),
    act: m("Update the agent from the machine's page.", "Uppdatera agenten från maskinens sida."),
  },
  engine_missing: {
    title: m("There is no container engine", "Det finns ingen containermotor"),
    why: m(
      "Neither Docker nor Podman answers on the machine.",
      "Varken Docker eller Podman svarar på maskinen.",
    ),
    act: m(
      "Install or start Docker or Podman there, then check again.",
      "Installera eller starta Docker eller Podman där och kontrollera igen.",
    ),
  },
  engine_permission: {
    title: m("The engine may not be used", "Motorn får inte användas"),
    why: m(
      "The user has no right to the container engine.",
      "Användaren har ingen rätt till containermotorn.",
    ),
    act: m(
      "Add the user to the docker group there and log in anew, then check again.",
      "Lägg till användaren i gruppen docker där, logga in på nytt och kontrollera igen.",
    ),
  },
  engine_failed: {
    title: m("The container engine failed", "Containermotorn misslyckades"),
    why: m("It answered with an error.", "Den svarade med ett fel."),
    act: m(
      "Read its answer below, and look at the engine's log on the machine.",
      "Läs svaret nedan och titta i motorns logg på maskinen.",
    ),
  },
  image_missing: {
    title: m("The image is not there", "Avbilden finns inte där"),
    why: m("The container image is not on the machine.", "Containeravbilden finns inte på maskinen."),
    act: m(
      "Choose one that is there, or load it onto the machine.",
      "Välj en som finns där, eller läs in den på maskinen.",
    ),
  },
  out_of_memory: {
    title: m("Out of memory", "Slut på minne"),
    why: m(
      "The run needed more memory than it may have, and the kernel killed it.",
      "Körningen behövde mer minne än den får ha, och kärnan avslutade den.",
    ),
    act: m(
      "Give it more memory, or let it need less (a smaller batch), and run again.",
      "Ge den mer minne, eller låt den behöva mindre (en mindre batch), och kör igen.",
    ),
  },
  machine_restarted: {
    title: m("The machine went down", "Maskinen stannade"),
    why: m(
      "It was switched off or restarted during the run. What was logged before is kept.",
      "Den stängdes av eller startades om under körningen. Det som loggats dessförinnan finns kvar.",
    ),
    act: m("Run again.", "Kör igen."),
  },
  workload_gone: {
    title: m("Stopped from outside", "Stoppad utifrån"),
    why: m(
      "Somebody else on the machine killed or removed it. What was logged before is kept.",
      "Någon annan på maskinen avslutade eller tog bort den. Det som loggats dessförinnan finns kvar.",
    ),
    act: m("Ask who looks after the machine, and run again.", "Fråga maskinens ansvariga och kör igen."),
  },
  preflight_failed: {
    title: m("A required check has failed", "En nödvändig kontroll misslyckades"),
    why: m("The machine lacks something that Skerry needs.", "Maskinen saknar något som Skerry behöver."),
    act: m(
      "Follow the remedy beside the check, then check again.",
      "Följ åtgärden vid kontrollen och kontrollera igen.",
    ),
  },
  registry_unreachable: {
    title: m("The registry does not answer", "Registret svarar inte"),
    why: m("Nothing answered at that address.", "Inget svarade på den adressen."),
    act: m(
      "Check the host and port, and that the machine may reach it.",
      "Kontrollera värd och port, och att maskinen får nå det.",
    ),
  },
  registry_unauthorized: {
    title: m("The registry wants other credentials", "Registret vill ha andra uppgifter"),
    why: m("User name or password were refused.", "Användarnamn eller lösenord avvisades."),
    act: m("Enter them again under Settings, Registries.", "Ange dem igen under Inställningar, Register."),
  },
  registry_denied: {
    title: m("The registry does not allow this", "Registret tillåter inte det här"),
    why: m("The account may not do this in that repository.", "Kontot får inte göra det här i det arkivet."),
    act: m(
      "Ask for the right to push there, or choose another repository.",
      "Be om rätt att skicka dit, eller välj ett annat arkiv.",
    ),
  },
  not_a_registry: {
    title: m("This is not a container registry", "Det här är inget containerregister"),
    why: m("What answers there speaks something else.", "Det som svarar där talar något annat."),
    act: m(
      "Check host and port, without a path and without https://.",
      "Kontrollera värd och port, utan sökväg och utan https://.",
    ),
  },
  tls_failed: {
    title: m("The secure connection failed", "Den säkra anslutningen misslyckades"),
    why: m(
      "The certificate is not trusted, or the server does not speak TLS.",
      "Certifikatet är inte betrott, eller så talar servern inte TLS.",
    ),
    act: m(
      "Install the site's certificate authority, or choose plain HTTP for this registry.",
      "Installera platsens certifikatutfärdare, eller välj okrypterad HTTP för registret.",
    ),
  },
  model_unusable: {
    title: m("The model cannot be served", "Modellen går inte att köra"),
    why: m("Its folder lacks what a scoring server needs.", "Mappen saknar det som en poängserver behöver."),
    act: m(
      "Log the model again with a flavor that can be loaded; the details name what is missing.",
      "Logga modellen igen i ett format som går att läsa in; detaljerna säger vad som saknas.",
    ),
  },
  unhealthy: {
    title: m("The deployment is not healthy", "Driftsättningen mår inte bra"),
    why: m("It did not answer its health check.", "Den svarade inte på sin hälsokontroll."),
    act: m(
      "Look at its cause, then redeploy or roll back.",
      "Titta på orsaken och driftsätt sedan igen eller backa.",
    ),
  },
  unauthenticated: {
    title: m("The session has ended", "Sessionen är slut"),
    why: m(
      "The one-time link is used up, or the session is too old.",
      "Engångslänken är förbrukad, eller så är sessionen för gammal.",
    ),
    act: m(
      "Press Enter in the terminal where skerry web runs, and open the link that it prints.",
      "Tryck retur i terminalen där skerry web körs och öppna länken som skrivs ut.",
    ),
  },
  internal: {
    title: m("Something unplanned went wrong", "Något oplanerat gick fel"),
    why: m("A failure nobody planned for.", "Ett fel som ingen räknat med."),
    act: m(
      "Try again. If it comes back, copy the details; the log in the data folder says more.",
      "Försök igen. Kommer det tillbaka: kopiera detaljerna; loggen i datamappen säger mer.",
    ),
  },
  console_unreachable: {
    title: m("The console program does not answer", "Konsolprogrammet svarar inte"),
    why: m(
      "The page has lost its program; machines and runs are not affected.",
      "Sidan har tappat sitt program; maskiner och körningar påverkas inte.",
    ),
    act: m(
      "Check that skerry web still runs, then try again.",
      "Kontrollera att skerry web fortfarande körs och försök igen.",
    ),
  },
};
