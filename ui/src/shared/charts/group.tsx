import { createContext, type ReactNode, useContext, useState, useSyncExternalStore } from "react";

/** The x under the pointer or keyboard cursor, shared by the charts of a page. */
interface Cursor {
  get(): number | null;
  set(x: number | null): void;
  subscribe(changed: () => void): () => void;
}

function newCursor(): Cursor {
  let x: number | null = null;
  const listeners = new Set<() => void>();
  return {
    get: () => x,
    set: (next) => {
      if (next === x) return;
      x = next;
      for (const listener of listeners) listener();
    },
    subscribe: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
}

const Group = createContext<Cursor | null>(null);

export function ChartGroup(props: { children: ReactNode }) {
  const [cursor] = useState(newCursor);
  return <Group value={cursor}>{props.children}</Group>;
}

/** The group's cursor, or one of its own outside a group. */
export function useCursor(): { cursor: Cursor; x: number | null } {
  const [own] = useState(newCursor);
  const cursor = useContext(Group) ?? own;
  return { cursor, x: useSyncExternalStore(cursor.subscribe, cursor.get) };
}
