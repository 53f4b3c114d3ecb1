import type { Event } from "../../bindings/api";
import {
  type ArgsOf,
  type Backend,
  CommandError,
  type CommandName,
  type ResultOf,
  type Signal,
} from "./types";

export type Handlers = { [N in CommandName]?: (args: ArgsOf<N>) => ResultOf<N> | Promise<ResultOf<N>> };

/** A program in memory, for unit tests and for looking at screens in a dev build. */
export interface FakeBackend extends Backend {
  readonly calls: { name: CommandName; args: unknown }[];
  /** Files that were saved. */
  readonly files: { name: string; file: Blob }[];
  /** Exports that were saved, by their ids. */
  readonly exports: { name: string; id: string }[];
  emit(event: Event): void;
}

export function fakeBackend(handlers: Handlers, extra: Partial<Backend> = {}): FakeBackend {
  const subscribers = new Set<(signal: Signal) => void>();
  const calls: { name: CommandName; args: unknown }[] = [];
  const files: FakeBackend["files"] = [];
  const exports: FakeBackend["exports"] = [];
  return {
    host: "fake",
    calls,
    files,
    exports,
    async saveFile(name, file) {
      files.push({ name, file });
      return name;
    },
    async saveExport(name, id) {
      exports.push({ name, id });
      return name;
    },
    async call(name, args) {
      calls.push({ name, args });
      const handler = handlers[name] as ((args: unknown) => unknown) | undefined;
      if (!handler)
        throw new CommandError({ code: "not_found", message: `The fake backend does not know ${name}.` });
      return (await handler(args)) as never;
    },
    subscribe(callback) {
      subscribers.add(callback);
      return () => subscribers.delete(callback);
    },
    emit(event) {
      for (const callback of subscribers) callback(event);
    },
    ...extra,
  };
}
