import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { RunKeys, RunQuery, RunRow } from "../../bindings/api";
import { useBackend } from "../../shared/backend";
import type { RowWindows } from "../../shared/table";
import { andFilter } from "./language";
import type { Wanted } from "./readRuns";
import { usePacedNews } from "./usePacedNews";

/** Rows of one call. */
export const WINDOW = 100;
/** The windows in view are read again at most this often. */
const REST_MS = 1000;
/** While the table scrolls, what flies past is not asked for. */
export const SCROLL_MS = 80;
/** The next window is asked for when its first row is this near. */
const NEAR = 20;
/** While the table moves, what will be in view in this time is asked for too. */
const AHEAD_MS = 300;
/** But no more rows than that: so many windows are read at once. */
const AHEAD = 150;
/** Windows out of view are forgotten after this time. */
const KEPT_MS = 60_000;
const KEY = "runs_window";
/** New names come seldom, and there can be thousands: they are read again at most this often. */
const KEYS_REST_MS = 10_000;
const KEYS = "runs_keys";

/** How many rows further the table will be, when it moved by so many in so many milliseconds. */
function aheadOf(rows: number, ms: number): number {
  const ahead = Math.round((rows / Math.max(ms, 1)) * AHEAD_MS);
  // A jump leads nowhere: it is where it was meant to go.
  return Math.abs(ahead) > 10 * AHEAD ? 0 : Math.max(-AHEAD, Math.min(AHEAD, ahead));
}

const TOP = { from: 0, to: 0, scrolled: false };

/** What was last read of one query, window by window. */
interface Known {
  readonly identity: string;
  readonly total: number;
  readonly pages: ReadonlyMap<number, readonly RunRow[]>;
}

const NOTHING: Known = { identity: "", total: 0, pages: new Map() };

/** What runs of an experiment (of all when null) have values under. */
export function useRunKeys(experiment: string | null) {
  const backend = useBackend();
  const client = useQueryClient();
  usePacedNews("run_keys", KEYS_REST_MS, () => client.invalidateQueries({ queryKey: [KEYS] }));
  return useQuery<RunKeys>({
    queryKey: [KEYS, experiment],
    queryFn: () => backend.call("run_keys", { experiment }),
    placeholderData: keepPreviousData,
  });
}

/**
 * A query's rows as they come into view. While the table is `held` (in use, or scrolled away from its
 * top), runs that start later are kept out by a condition on the start, so that no row moves; `waiting`
 * is how many there are, and `show` lets them in. The rows have what the `columns` show and no more; with
 * other columns the same rows are read again where they stand. Until the columns are known (null) nothing is
 * read.
 */
export function useRunWindows(wanted: Wanted, columns: string[] | null, inUse: boolean) {
  const backend = useBackend();
  const client = useQueryClient();
  const identity = JSON.stringify(wanted);
  const [seen, setSeen] = useState({ identity, ...TOP });
  // What is in view of another query says nothing of this one: it starts at its top.
  const range = seen.identity === identity ? seen : TOP;
  const [frozen, setFrozen] = useState<{ identity: string; until: number } | null>(null);
  const [shows, setShows] = useState(0);
  const held = inUse || range.scrolled;
  const until = held && frozen?.identity === identity ? frozen.until : null;
  if (frozen !== null && until === null) setFrozen(null);

  const filter =
    until === null ? wanted.filter : andFilter(wanted.filter, `attributes.start_time <= ${until}`);
  const kept = useRef(NOTHING);
  const end = kept.current.identity === identity ? Math.max(kept.current.total, 1) : Number.POSITIVE_INFINITY;
  const places = Array.from({ length: range.to - range.from + 1 }, (_, i) => range.from + i).filter(
    (window) => window * WINDOW < end,
  );
  const asked = useQueries({
    queries: places.map((window) => {
      const args: RunQuery = {
        ...wanted,
        columns: columns ?? [],
        only_columns: true,
        filter,
        offset: window * WINDOW,
        limit: WINDOW,
      };
      return {
        queryKey: [KEY, args],
        queryFn: () => backend.call("runs_search", args),
        gcTime: KEPT_MS,
        enabled: columns !== null,
      };
    }),
  });
  const answers = asked.map((query) => query.data);
  const error = asked.find((query) => query.error)?.error ?? null;

  const shape = `${filter}\n${identity}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: pages keep their identity, the list around them does not
  const known = useMemo(() => {
    const latest = asked.reduce<(typeof asked)[number] | undefined>(
      (a, b) => (b.data && b.dataUpdatedAt >= (a?.dataUpdatedAt ?? 0) ? b : a),
      undefined,
    )?.data;
    // Under a filter that is not understood, or until the first answer, what was there stays.
    if (!latest) return kept.current;
    const before = kept.current.identity === identity ? kept.current.pages : null;
    const pages = new Map<number, readonly RunRow[]>();
    places.forEach((window, i) => {
      const page = answers[i];
      const rows = page?.rows ?? before?.get(window);
      if (rows) pages.set(window, rows);
    });
    return { identity, total: latest.total, pages } satisfies Known;
  }, [shape, range.from, range.to, places.length, answers[0], answers[1], answers[2], answers[3]]);
  kept.current = known;

  const waiting = useQuery({
    queryKey: [KEY, "waiting", identity, until],
    queryFn: () =>
      backend.call("runs_search", {
        ...wanted,
        columns: [],
        only_columns: true,
        filter: andFilter(wanted.filter, `attributes.start_time > ${until}`),
        offset: 0,
        limit: 1,
      }),
    enabled: until !== null,
  });

  const readAt = Math.max(0, ...asked.map((query) => query.dataUpdatedAt));
  const first = known.pages.get(0)?.[0];
  const newest = useRef<number | null>(null);
  if (known.identity === identity && until === null && range.from === 0)
    newest.current = first?.started_at ?? null;
  const newestFirst = wanted.order_by[0] === "attributes.start_time DESC";
  const reached = (newestFirst ? newest.current : null) ?? readAt;
  const refresh = useCallback(
    () => client.invalidateQueries({ queryKey: [KEY] }, { cancelRefetch: false }),
    [client],
  );
  const reread = async () => {
    if (held && until === null && reached > 0) {
      setFrozen({ identity, until: reached });
      await client.invalidateQueries({ queryKey: [KEY], refetchType: "none" });
    } else await refresh();
  };
  // While the table moves, nothing is read again: what flies past is gone by then, and the rows that
  // come into view go first.
  const flight = useRef({ moves: false, news: false, reread });
  flight.current.reread = reread;
  const [rests, setRests] = useState(0);
  // Once what is in view then has been drawn.
  useEffect(() => {
    if (rests > 0) void flight.current.reread();
  }, [rests]);
  usePacedNews("runs_search", REST_MS, async () => {
    if (flight.current.moves) flight.current.news = true;
    else await reread();
  });

  const inView = useRef({ identity: "", first: 0, last: 0 });
  const before = useRef({ first: 0, at: 0 });
  const scrolling = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(scrolling.current), []);
  const drawn = known.identity;
  const onRange = useCallback(
    (from: number, to: number) => {
      inView.current = { identity: drawn, first: from, last: to };
      // One that waits since before these rows were drawn speaks of what is in view when it fires.
      const look = () => {
        scrolling.current = undefined;
        const { identity, first, last } = inView.current;
        const at = performance.now();
        const ahead = aheadOf(first - before.current.first, at - before.current.at);
        before.current = { first, at };
        const next = {
          identity,
          from: Math.floor(Math.max(0, first - NEAR + Math.min(0, ahead)) / WINDOW),
          to: Math.floor((last + NEAR + Math.max(0, ahead)) / WINDOW),
          scrolled: first > 0,
        };
        setSeen((now) => (JSON.stringify(now) === JSON.stringify(next) ? now : next));
        // Once it rests, only what is in view is read again.
        flight.current.moves = ahead !== 0;
        if (ahead !== 0) scrolling.current = setTimeout(look, SCROLL_MS);
        else if (flight.current.news) {
          flight.current.news = false;
          setRests((n) => n + 1);
        }
      };
      scrolling.current ??= setTimeout(look, SCROLL_MS);
    },
    [drawn],
  );

  /** Rows from a place to another (inclusive), read where they are not there yet. */
  const read = useCallback(
    async (from: number, to: number): Promise<RunRow[]> => {
      const rows: RunRow[] = [];
      for (let place = from; place <= to; place += 1) {
        const row = known.pages.get(Math.floor(place / WINDOW))?.[place % WINDOW];
        if (row) rows.push(row);
      }
      if (rows.length === to - from + 1) return rows;
      const page = await backend.call("runs_search", {
        ...wanted,
        columns: columns ?? [],
        only_columns: true,
        filter,
        offset: from,
        limit: to - from + 1,
      });
      return page.rows;
    },
    [known, backend, wanted, columns, filter],
  );

  const table = useMemo(() => {
    const places = new Map<string, number>();
    for (const [window, rows] of known.pages) {
      for (const [i, row] of rows.entries()) places.set(row.id, window * WINDOW + i);
    }
    const at = (index: number) => known.pages.get(Math.floor(index / WINDOW))?.[index % WINDOW];
    return {
      total: known.total,
      at,
      indexOf: (key) => places.get(key) ?? -1,
      rowOf: (key) => at(places.get(key) ?? -1),
      onRange,
    } satisfies Omit<RowWindows<RunRow>, "keys">;
  }, [known, onRange]);

  return {
    table,
    read,
    total: known.total,
    /** The first answer is still to come. */
    pending: known.identity === "" && error === null,
    error,
    refresh,
    waiting: until === null ? 0 : (waiting.data?.total ?? 0),
    /** Changes when the table has to go to its top. */
    top: `${drawn} ${shows}`,
    show: () => {
      setFrozen(null);
      setShows((n) => n + 1);
      setSeen({ identity, ...TOP });
    },
  };
}
