export interface LogLine {
  readonly stream: "stdout" | "stderr" | "system";
  /** Milliseconds since the epoch, when known. */
  readonly at?: number;
  readonly text: string;
  /** A piece of a longer line that goes on in the next one. */
  readonly continues?: boolean;
}

// CSI sequences, OSC sequences up to BEL or ST, and the two-character escapes.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
const ANSI = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-Z\\-_]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/**
 * A line as it is shown: colour codes taken out; a progress bar that rewrote its line with
 * carriage returns is shown as it stood last; other control characters become visible pictures.
 */
export function plain(text: string): string {
  let line = text.replace(ANSI, "");
  if (line.includes("\r")) {
    const parts = line.split("\r").filter((part) => part !== "");
    line = parts[parts.length - 1] ?? "";
  }
  return line.replace(CONTROL, (c) =>
    String.fromCharCode(c === "\u007f" ? 0x2421 : 0x2400 + c.charCodeAt(0)),
  );
}

/** Positions of `query` in `text`, without regard to case. */
export function matches(text: string, query: string): [number, number][] {
  if (query === "") return [];
  const out: [number, number][] = [];
  const hay = text.toLowerCase();
  const needle = query.toLowerCase();
  for (
    let from = hay.indexOf(needle);
    from >= 0 && out.length < 1000;
    from = hay.indexOf(needle, from + needle.length)
  ) {
    out.push([from, from + needle.length]);
  }
  return out;
}
