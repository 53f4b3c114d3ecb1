import type { Code, Commands, ErrorBody, Event } from "../../bindings/api";

/** The codes of the program, and the one that only the UI can know. */
export type UiCode = Code | "console_unreachable";
export type UiError = Omit<ErrorBody, "code"> & { code: UiCode };
/** An event, or the news that events were missed and everything on screen may be old. */
export type Signal = Event | "everything";

export type CommandName = keyof Commands;
export type ArgsOf<N extends CommandName> = Commands[N]["args"];
export type ResultOf<N extends CommandName> = Commands[N]["result"];

/** The only way from the screens to the program: the desktop shell, `skerry web`, or the fake of the tests. */
export interface Backend {
  readonly host: "desktop" | "web" | "fake";
  /** Rejects with a `CommandError`. */
  call<N extends CommandName>(name: N, args: ArgsOf<N>): Promise<ResultOf<N>>;
  /** Calls back on every signal; returns the end of the subscription. */
  subscribe(callback: (signal: Signal) => void): () => void;
  /** Calls back when the link to the program breaks and when it is whole again. */
  onLink?(callback: (link: LinkState) => void): () => void;
  /** A folder chosen by the person, or null. Absent where the host has no folder dialog. */
  pickFolder?(title: string): Promise<string | null>;
  pickFile?(title: string): Promise<string | null>;
  /**
   * Keeps a file where the person wants it: asked for in the window, among the downloads in a browser. Answers
   * where, or null when the person thought better of it.
   */
  saveFile(name: string, file: Blob): Promise<string | null>;
  /** The same with an export that the program keeps whole, which does not come here first. */
  saveExport(name: string, id: string): Promise<string | null>;
}

export type LinkState = "open" | "broken" | "signed-out";

/** A failure that the program reported, or the failure to reach the program. */
export class CommandError extends Error {
  readonly body: UiError;
  constructor(body: UiError) {
    super(body.message);
    this.name = "CommandError";
    this.body = body;
  }
}

function isBody(value: unknown): value is UiError {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as { code?: unknown }).code === "string" &&
    typeof (value as { message?: unknown }).message === "string"
  );
}

/** Whatever was thrown, as code, message and details. */
export function asErrorBody(error: unknown): UiError {
  if (error instanceof CommandError) return error.body;
  if (isBody(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return { code: "internal", message };
}

export function asCommandError(error: unknown): CommandError {
  return error instanceof CommandError ? error : new CommandError(asErrorBody(error));
}
