import { useCallback, useMemo, useState } from "react";

/** All that the page reads stands under this key; it is read again at its own pace. */
export const KEY = "compare";

/** The runs that a person marked, and the one under pointer or keyboard, alike in every view. */
export interface Linked {
  readonly marked: ReadonlySet<string>;
  readonly mark: (ids: ReadonlySet<string>) => void;
  readonly toggle: (id: string) => void;
  readonly pointed: string | null;
  readonly point: (id: string | null) => void;
  /** Both together; empty when nothing stands out. */
  readonly forward: ReadonlySet<string>;
}

export function useLinked(ids: readonly string[]): Linked {
  const [chosen, mark] = useState<ReadonlySet<string>>(new Set());
  const [pointed, point] = useState<string | null>(null);
  const marked = useMemo(() => new Set(ids.filter((id) => chosen.has(id))), [ids, chosen]);
  const toggle = useCallback((id: string) => {
    mark((now) => {
      const next = new Set(now);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const forward = useMemo(
    () => (pointed !== null && ids.includes(pointed) ? new Set([...marked, pointed]) : marked),
    [marked, pointed, ids],
  );
  return { marked, mark, toggle, pointed, point, forward };
}
