import type { Check, Finding } from "../../bindings/api";
import { formatBytes, formatDuration } from "../../shared/format";
import { type Message, say } from "../../shared/i18n";

interface Words {
  /** What was found. */
  value?: Message;
  /** Why that is not well. */
  cause?: Message;
  /** What to do about it. */
  remedy?: Message;
}

const m = (en: string, sv: string): Message => ({ en, sv });
const same = (words: string): Message => m(words, words);

const INSTALL = m(
  "Runs are isolated in containers. Install Docker (or Podman), then check again. The machine can be registered without, and this done later.",
  "Körningar isoleras i containrar. Installera Docker (eller Podman) och kontrollera igen. Maskinen kan registreras utan, och det här göras senare.",
);
const LOOK_AT_LINK = m(
  "Check the connection to the machine, then check again.",
  "Kontrollera anslutningen till maskinen och kontrollera sedan igen.",
);
const clocksDiffer: Words = {
  cause: m(
    "The clocks differ: times of runs and logs will look odd.",
    "Klockorna skiljer sig: tider för körningar och loggar kommer att se konstiga ut.",
  ),
  remedy: m(
    "Turn on time synchronisation on the machine, or on this computer if the machine is right.",
    "Slå på tidssynkronisering på maskinen, eller på den här datorn om maskinen går rätt.",
  ),
};

/** The one table from a finding of a check to words. A finding without words does not compile. */
export const findingWords: Record<Finding, Words> = {
  os_fine: { value: same("{os}, {arch}") },
  os_not_linux: {
    value: same("{os}, {arch}"),
    cause: m(
      "The machine runs {kernel}; the agent runs on Linux.",
      "Maskinen kör {kernel}; agenten kör på Linux.",
    ),
    remedy: m("Choose a Linux machine.", "Välj en maskin med Linux."),
  },
  os_arch_unknown: {
    value: same("{os}, {arch}"),
    cause: m(
      "There is no agent for the processor architecture {arch}.",
      "Det finns ingen agent för processorarkitekturen {arch}.",
    ),
    remedy: m(
      "Choose a machine with an x86_64 or aarch64 processor.",
      "Välj en maskin med en x86_64- eller aarch64-processor.",
    ),
  },
  cpu_found: { value: same("{count} × {name}") },
  memory_found: { value: m("{total_bytes}, {free_bytes} free", "{total_bytes}, {free_bytes} ledigt") },
  memory_little: {
    value: m("{total_bytes}, {free_bytes} free", "{total_bytes}, {free_bytes} ledigt"),
    cause: m("There is little memory for training.", "Det är lite minne för träning."),
    remedy: m(
      "Small models work; for larger ones add memory.",
      "Små modeller går; för större behövs mer minne.",
    ),
  },
  disk_found: { value: m("{free_bytes} free of {total_bytes}", "{free_bytes} ledigt av {total_bytes}") },
  disk_little: {
    value: m("{free_bytes} free of {total_bytes}", "{free_bytes} ledigt av {total_bytes}"),
    cause: m(
      "Container images and artifacts soon fill what is left.",
      "Containeravbilder och filer fyller snart det som är kvar.",
    ),
    remedy: m("Make more room before larger trainings.", "Gör mer plats före större träningar."),
  },
  disk_too_little: {
    value: m("{free_bytes} free of {total_bytes}", "{free_bytes} ledigt av {total_bytes}"),
    cause: m(
      "Only {free_bytes} are free on the disk with the home folder; {needed_bytes} are needed.",
      "Bara {free_bytes} är ledigt på disken med hemmappen; {needed_bytes} behövs.",
    ),
    remedy: m("Make room on the disk of the home folder.", "Gör plats på hemmappens disk."),
  },
  home_fine: { value: same("{home}") },
  home_noexec: {
    value: same("{home}"),
    cause: m(
      "Programs cannot run from {home}: the file system is mounted noexec.",
      "Program kan inte köras från {home}: filsystemet är monterat med noexec.",
    ),
    remedy: m(
      "Have the home folder mounted without noexec, or register another user.",
      "Låt montera hemmappen utan noexec, eller registrera en annan användare.",
    ),
  },
  home_not_writable: {
    value: same("{home}"),
    cause: m("The home folder cannot be written: {why}", "Hemmappen går inte att skriva i: {why}"),
    remedy: m(
      "The user needs a home folder of its own that it can write to.",
      "Användaren behöver en egen hemmapp som den kan skriva i.",
    ),
  },
  clock_agrees: { value: m("within a second of this computer", "inom en sekund från den här datorn") },
  clock_ahead: {
    value: m("{skew_ms} ahead of this computer", "{skew_ms} före den här datorn"),
    ...clocksDiffer,
  },
  clock_behind: {
    value: m("{skew_ms} behind this computer", "{skew_ms} efter den här datorn"),
    ...clocksDiffer,
  },
  gpu_found: { value: same("{gpus}") },
  gpu_none: {
    value: m("none: trainings use the processor", "ingen: träningar använder processorn"),
  },
  gpu_no_driver: {
    value: m("NVIDIA, without a driver", "NVIDIA, utan drivrutin"),
    cause: m(
      "There is an NVIDIA device, but nvidia-smi is missing.",
      "Det finns en NVIDIA-enhet, men nvidia-smi saknas.",
    ),
    remedy: m(
      "Install the NVIDIA driver to use it; without it trainings use the processor.",
      "Installera NVIDIAs drivrutin för att använda den; utan den använder träningar processorn.",
    ),
  },
  gpu_broken: {
    value: m("NVIDIA, not usable", "NVIDIA, går inte att använda"),
    cause: same("{why}"),
    remedy: m(
      "The NVIDIA driver does not answer: reinstall it or restart the machine.",
      "NVIDIAs drivrutin svarar inte: installera om den eller starta om maskinen.",
    ),
  },
  engine_found: { value: same("{engine} {version} (API {api})") },
  engine_members_only: {
    value: m("{engine} (its version is for members only)", "{engine} (versionen visas bara för medlemmar)"),
  },
  engine_too_old: {
    value: same("Docker {version} (API {api})"),
    cause: m(
      "Docker {version} speaks API {api}; {needed} or newer is needed.",
      "Docker {version} talar API {api}; {needed} eller nyare behövs.",
    ),
    remedy: m("Update Docker on the machine.", "Uppdatera Docker på maskinen."),
  },
  engine_daemon_down: {
    value: m("Docker, not answering", "Docker, svarar inte"),
    cause: m(
      "Docker is installed, but its daemon does not answer.",
      "Docker är installerat, men dess tjänst svarar inte.",
    ),
    remedy: m(
      "Start the Docker daemon, then check again.",
      "Starta Dockers tjänst och kontrollera sedan igen.",
    ),
  },
  engine_no_podman_socket: {
    cause: m(
      "Podman is installed, but its API socket is not there.",
      "Podman är installerat, men dess API-sockel finns inte.",
    ),
    remedy: m(
      "Turn on Podman's socket for the user, then check again.",
      "Slå på Podmans sockel för användaren och kontrollera sedan igen.",
    ),
  },
  engine_none: {
    cause: m(
      "There is no container engine (neither Docker nor Podman).",
      "Det finns ingen containermotor (varken Docker eller Podman).",
    ),
    remedy: INSTALL,
  },
  permission_fine: { value: m("{user} may use {socket}", "{user} får använda {socket}") },
  permission_no_engine: {
    cause: m(
      "There is no engine to use: see the check before.",
      "Det finns ingen motor att använda: se kontrollen före.",
    ),
    remedy: INSTALL,
  },
  permission_denied: {
    cause: m(
      "{user} may not use the container engine ({socket} belongs to {owner}).",
      "{user} får inte använda containermotorn ({socket} tillhör {owner}).",
    ),
    remedy: m(
      "Add the user to the group docker, then check again: each check logs in anew.",
      "Lägg till användaren i gruppen docker och kontrollera igen: varje kontroll loggar in på nytt.",
    ),
  },
  unclear: {
    cause: m(
      "The machine's answer was not understood: {said}",
      "Maskinens svar gick inte att förstå: {said}",
    ),
    remedy: m(
      "The user needs a POSIX shell with the usual tools (sh, df, awk, stat).",
      "Användaren behöver ett POSIX-skal med de vanliga verktygen (sh, df, awk, stat).",
    ),
  },
  timed_out: {
    cause: m("The check took longer than its time limit.", "Kontrollen tog längre tid än sin tidsgräns."),
    remedy: m(
      "The machine is very busy, or the command hangs there. Try again; if it stays so, run the command on the machine itself.",
      "Maskinen är mycket upptagen, eller så hänger kommandot där. Försök igen; om det kvarstår, kör kommandot på maskinen själv.",
    ),
  },
  connection_failed: {
    cause: m(
      "The check could not be run over the connection.",
      "Kontrollen gick inte att köra över anslutningen.",
    ),
    remedy: LOOK_AT_LINK,
  },
  not_started: {
    cause: m("The check could not be started: {why}", "Kontrollen gick inte att starta: {why}"),
    remedy: m("Try again.", "Försök igen."),
  },
};

const ENGINES: Readonly<Record<string, string>> = { docker: "Docker", podman: "Podman" };

function shown(key: string, value: string): string {
  const number = Number(value);
  if (value !== "" && Number.isFinite(number)) {
    if (key.endsWith("_bytes")) return formatBytes(number);
    if (key.endsWith("_ms")) return formatDuration(Math.abs(number));
  }
  return key === "engine" ? (ENGINES[value] ?? value) : value;
}

/** A part of a sentence whose fact is not known is left out: "62.7 GiB, {free} free" becomes "62.7 GiB". */
function tidy(text: string): string {
  return text
    .replace(/\s*\((?:API )?\ue000\)/g, "")
    .replace(/,[^,]*\ue000[^,]*/g, "")
    .replace(/ × \ue000/g, "")
    .replace(/\s*\ue000/g, "")
    .trim();
}

export interface CheckWords {
  value: string | null;
  cause: string | null;
  remedy: string | null;
}

/** What a check says, in the person's language; an older program's own words where it names no finding. */
export function checkWords(check: Check): CheckWords {
  const words = check.finding === undefined ? undefined : findingWords[check.finding];
  if (!words) return { value: check.value, cause: check.cause, remedy: check.remedy };
  const facts = Object.fromEntries(
    Object.entries(check.facts ?? {}).map(([key, value]) => [key, shown(key, value) || "\ue000"]),
  );
  const part = (message: Message | undefined) => (message ? tidy(say(message, facts)) : null);
  const troubled = check.state === "warning" || check.state === "failed";
  return {
    value: part(words.value),
    cause: troubled ? part(words.cause) : null,
    remedy: troubled ? part(words.remedy) : null,
  };
}
