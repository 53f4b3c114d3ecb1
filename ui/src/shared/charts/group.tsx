import { createContext, type ReactNode, useContext, useState, useSyncExternalStore } from "react";
import styles from "./charts.module.css";

/** Something that the charts of a page have in common. */
interface Shared<T> {
  get(): T | null;
  set(value: T | null): void;
  subscribe(changed: () => void): () => void;
}
/** The x under the pointer or keyboard cursor. */
type Cursor = Shared<number>;
/** The stretch of x that is zoomed to. */
export type Zoom = readonly [from: number, to: number];

function newShared<T>(): Shared<T> {
  let value: T | null = null;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      if (next === value) return;
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
}

const Group = createContext<Cursor | null>(null);
const ZoomGroup = createContext<Shared<Zoom> | null>(null);

/** Charts inside share their cursor and, with `zoom`, the stretch that they show. */
export function ChartGroup(props: { zoom?: boolean; children: ReactNode }) {
  const [cursor] = useState(newShared<number>);
  const [zoom] = useState(newShared<Zoom>);
  return (
    <Group value={cursor}>
      <ZoomGroup value={props.zoom ? zoom : null}>{props.children}</ZoomGroup>
    </Group>
  );
}

/** Charts side by side, as many as there is room for. */
export function ChartGrid(props: { children: ReactNode }) {
  return <div className={styles.grid}>{props.children}</div>;
}

/** The group's cursor, or one of its own outside a group. */
export function useCursor(): { cursor: Cursor; x: number | null } {
  const [own] = useState(newShared<number>);
  const cursor = useContext(Group) ?? own;
  return { cursor, x: useSyncExternalStore(cursor.subscribe, cursor.get) };
}

/** The group's zoom, or one of its own outside a group that shares it. */
export function useZoom(): { zoom: Shared<Zoom>; zoomed: Zoom | null } {
  const [own] = useState(newShared<Zoom>);
  const zoom = useContext(ZoomGroup) ?? own;
  return { zoom, zoomed: useSyncExternalStore(zoom.subscribe, zoom.get) };
}
