import {
  QueryClient,
  QueryClientProvider,
  keepPreviousData,
  useMutation,
  useQuery,
} from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from "react";
import { commandTopics, type Event, type Topic } from "../../bindings/api";
import type { ArgsOf, Backend, CommandError, CommandName, LinkState, ResultOf, Signal } from "./types";

const BackendContext = createContext<Backend | null>(null);

/** Events come in bursts: one refetch serves a burst. */
const GATHER_MS = 150;
/** Runs that log have news all the time: what shows them is read again at most this often. */
const STREAM_MS = 1000;
/** Who waits for what was changed to be read again does not wait longer than that. */
const FRESH_MS = 2000;
const STREAMS: ReadonlySet<Topic> = new Set<Topic>(["runs", "metrics"]);

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // Nothing is refetched by a clock: the program says when something changed.
      queries: {
        retry: false,
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        networkMode: "always",
      },
      // Arguments may be secrets: nothing of a mutation is kept once it is over.
      mutations: { retry: false, networkMode: "always", gcTime: 0 },
    },
  });
}

type Change = Pick<Event, "topics" | "id">;

/** The run that a query is about, when it is about one. */
function runOf(name: CommandName, args: unknown): string | undefined {
  const { run_id, id } = (args ?? {}) as { run_id?: string; id?: string };
  return run_id ?? (name === "run_get" ? id : undefined);
}

/** Whether a change makes what a query read old. Points and lines of one run do not concern another. */
function concerns(change: Change, name: CommandName, args: unknown): boolean {
  const run = runOf(name, args);
  return change.topics.some((topic) => {
    if (!commandTopics[name]?.provides.includes(topic)) return false;
    const ofOneRun = topic === "metrics" || topic === "logs";
    return !(ofOneRun && change.id !== null && run !== undefined && run !== change.id);
  });
}

function invalidate(client: QueryClient, changes: readonly Change[] | "everything"): Promise<void> {
  return client.invalidateQueries({
    predicate: ({ queryKey }) =>
      changes === "everything" ||
      changes.some((change) => concerns(change, queryKey[0] as CommandName, queryKey[1])),
  });
}

/** Gathers changes and makes what they concern old together, at once and then at most every `restMs`. */
function gatherer(client: QueryClient, restMs: number) {
  let gathered = new Map<string, Change>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let flushedAt = Number.NEGATIVE_INFINITY;
  const flush = () => {
    timer = undefined;
    flushedAt = performance.now();
    const changes = [...gathered.values()];
    gathered = new Map();
    void invalidate(client, changes);
  };
  return {
    add(change: Change) {
      gathered.set(JSON.stringify([change.topics, change.id]), change);
      timer ??= setTimeout(flush, Math.max(GATHER_MS, flushedAt + restMs - performance.now()));
    },
    end: () => clearTimeout(timer),
  };
}

function useInvalidation(backend: Backend, client: QueryClient): void {
  useEffect(() => {
    const streams = gatherer(client, STREAM_MS);
    const others = gatherer(client, GATHER_MS);
    const end = backend.subscribe((signal: Signal) => {
      if (signal === "everything") void invalidate(client, signal);
      else if (signal.topics.every((topic) => STREAMS.has(topic))) streams.add(signal);
      else others.add(signal);
    });
    return () => {
      end();
      streams.end();
      others.end();
    };
  }, [backend, client]);
}

export function BackendProvider(props: { backend: Backend; client?: QueryClient; children: ReactNode }) {
  const [client] = useState(() => props.client ?? newQueryClient());
  useInvalidation(props.backend, client);
  return (
    <BackendContext value={props.backend}>
      <QueryClientProvider client={client}>{props.children}</QueryClientProvider>
    </BackendContext>
  );
}

export function useBackend(): Backend {
  const backend = useContext(BackendContext);
  if (!backend) throw new Error("useBackend outside BackendProvider");
  return backend;
}

/** Whether the program behind the page still answers. */
export function useLinkState(): LinkState {
  const backend = useBackend();
  const [store] = useState(() => {
    let state: LinkState = "open";
    return {
      get: () => state,
      subscribe: (changed: () => void) =>
        backend.onLink?.((next) => {
          state = next;
          changed();
        }) ?? (() => {}),
    };
  });
  return useSyncExternalStore(store.subscribe, store.get);
}

/** Reads with a command; read again whenever an event names one of the topics that the command provides. */
export function useQueryCommand<N extends CommandName>(
  name: N,
  args: ArgsOf<N>,
  options: { enabled?: boolean; keepPrevious?: boolean; refetchMs?: number } = {},
) {
  const backend = useBackend();
  return useQuery<ResultOf<N>, CommandError>({
    queryKey: [name, args],
    queryFn: () => backend.call(name, args),
    enabled: options.enabled ?? true,
    ...(options.keepPrevious ? { placeholderData: keepPreviousData } : {}),
    ...(options.refetchMs ? { refetchInterval: options.refetchMs } : {}),
  });
}

/** Changes with a command; afterwards what the command invalidates is read again. */
export function useMutationCommand<N extends CommandName>(
  name: N,
  options: {
    /** With the answer, before anything is read again; also when the caller is not on screen any more. */
    onAnswer?: (answer: ResultOf<N>, args: ArgsOf<N>, client: QueryClient) => void;
    /** The caller goes on only when what was changed has been read again: for what is edited in its place. */
    fresh?: boolean;
  } = {},
) {
  const backend = useBackend();
  const { onAnswer, fresh = false } = options;
  return useMutation<ResultOf<N>, CommandError, ArgsOf<N>>({
    mutationFn: (args) => backend.call(name, args),
    onSuccess: (answer, args, _result, context) => onAnswer?.(answer, args, context.client),
    onSettled: (_data, error, _args, _result, context) => {
      const topics: Topic[] = commandTopics[name].invalidates;
      const read = topics.length > 0 ? invalidate(context.client, [{ topics, id: null }]) : undefined;
      if (!fresh || error || !read) return undefined;
      return Promise.race([read, new Promise<void>((done) => setTimeout(done, FRESH_MS))]);
    },
  });
}
