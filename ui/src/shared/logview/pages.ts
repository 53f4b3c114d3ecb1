import { useCallback, useEffect, useRef, useState } from "react";
import type { LogSource } from "./LogView";
import type { LogLine } from "./text";

const PAGE = 500;
/** Pages kept in memory; those farthest from what is shown go first. */
const KEPT = 40;

interface Page {
  readonly lines: readonly LogLine[];
}

/** The windows of a log that have been read; a page that was not full is read again as it grows. */
export function usePages(source: LogSource | undefined) {
  const pages = useRef(new Map<number, Page>());
  const asked = useRef(new Set<number>());
  const [, changed] = useState(0);
  const [failed, setFailed] = useState(false);
  const alive = useRef(true);
  const latest = useRef(source);
  latest.current = source;
  useEffect(() => {
    alive.current = true;
    return () => {
      alive.current = false;
    };
  }, []);

  const total = source?.total ?? 0;
  const want = useCallback(
    (first: number, last: number) => {
      for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page += 1) {
        const expected = Math.min(PAGE, total - page * PAGE);
        if (asked.current.has(page) || (pages.current.get(page)?.lines.length ?? 0) >= expected) continue;
        asked.current.add(page);
        latest.current
          ?.fetch(page * PAGE, PAGE)
          .then(
            (lines) => {
              pages.current.set(page, { lines });
              if (pages.current.size > KEPT) {
                const farthest = [...pages.current.keys()].sort(
                  (a, b) => Math.abs(b - page) - Math.abs(a - page),
                )[0];
                if (farthest !== undefined) pages.current.delete(farthest);
              }
              if (alive.current) setFailed(false);
            },
            () => {
              if (alive.current) setFailed(true);
            },
          )
          .finally(() => {
            asked.current.delete(page);
            if (alive.current) changed((n) => n + 1);
          });
      }
    },
    [total],
  );

  const lineAt = (index: number): LogLine | undefined =>
    pages.current.get(Math.floor(index / PAGE))?.lines[index % PAGE];
  return { want, lineAt, failed };
}
