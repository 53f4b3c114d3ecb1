import type { SetupDraft } from "../../bindings/api";

/** Quotes a word for a POSIX shell where it needs it. */
function word(value: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** The command that does what the wizard did. */
export function registerCommand(draft: SetupDraft): string {
  const { address, login, host_keys } = draft;
  const parts = ["skerry machines add", word(`${address.user}@${bracketed(address.host)}`)];
  if (address.port !== 22) parts.push(`--port ${address.port}`);
  if (address.jump) {
    const { user, host, port } = address.jump;
    parts.push(`--jump ${word(`${user}@${bracketed(host)}${port === 22 ? "" : `:${port}`}`)}`);
  }
  for (const offer of host_keys) {
    parts.push(`${offer.is_jump ? "--jump-host-key" : "--host-key"} ${word(offer.fingerprint)}`);
  }
  const file = login?.detail && /^[/~]/.test(login.detail) ? login.detail : "FILE";
  if (login?.method === "key_file") parts.push(`--key-file ${word(file)}`);
  else if (login?.method === "ssh_agent") parts.push("--ssh-agent");
  else parts.push("--password-stdin");
  parts.push(`--name ${word(draft.name)}`);
  return parts.join(" ");
}
