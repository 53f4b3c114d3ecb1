import type { ForgottenKind, ForgottenThing } from "../../bindings/api";
import { type Message, say } from "../../shared/i18n";

const m = (en: string, sv: string): Message => ({ en, sv });

/** What was removed with a machine, or stays: one sentence for each. */
const words: Record<ForgottenKind, Message> = {
  local_agent: m("The agent of this computer.", "Den här datorns agent."),
  run_files: m("The files of its runs in {path}.", "Körningarnas filer i {path}."),
  agent_going_on: m("The agent, which goes on in {path}.", "Agenten, som fortsätter i {path}."),
  public_key: m(
    "Our public key in authorized_keys of {user}.",
    "Vår öppna nyckel i authorized_keys för {user}.",
  ),
  jump_public_key: m(
    "Our public key in authorized_keys of {user}@{host}.",
    "Vår öppna nyckel i authorized_keys för {user}@{host}.",
  ),
  key_file: m(
    "The file {path}, which could not be deleted: {why}",
    "Filen {path}, som inte gick att ta bort: {why}",
  ),
  key_pair: m("The key pair on this computer.", "Nyckelparet på den här datorn."),
  agent_program: m("The agent's program in {path}.", "Agentens program i {path}."),
};

export function forgottenWords(thing: ForgottenThing): string {
  return say(words[thing.what], thing.facts);
}
