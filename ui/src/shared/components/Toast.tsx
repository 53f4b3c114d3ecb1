import { CircleCheck, TriangleAlert, X } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { t } from "../i18n";
import { Button, IconButton } from "./Button";
import { classes } from "./classes";
import status from "./Status.module.css";
import styles from "./Toast.module.css";

export interface Note {
  id: number;
  at: number;
  title: string;
  detail?: string;
  /** Errors are never toasts: they stand where their cause is. */
  kind: "good" | "notice";
  action?: { label: string; onAction: () => void };
}

const SHOWN_MS = 6000;
const KEPT = 50;

let next = 1;
let shown: readonly Note[] = [];
let kept: readonly Note[] = [];
let unread = 0;
const listeners = new Set<() => void>();
const changed = () => {
  for (const listener of listeners) listener();
};
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Says briefly that something happened; it stays in the notifications afterwards. */
export function toast(note: {
  title: string;
  detail?: string;
  kind?: Note["kind"];
  action?: Note["action"];
}): void {
  const full: Note = { ...note, kind: note.kind ?? "good", id: next++, at: Date.now() };
  // What is said again stands there once; what leads somewhere is about something of its own.
  const again = (other: Note) =>
    !full.action && !other.action && other.title === full.title && other.detail === full.detail;
  shown = [...shown.filter((other) => !again(other)).slice(-2), full];
  kept = [full, ...kept].slice(0, KEPT);
  unread += 1;
  changed();
}

function dismiss(id: number): void {
  shown = shown.filter((note) => note.id !== id);
  changed();
}

export function useNotes(): { notes: readonly Note[]; unread: number } {
  const notes = useSyncExternalStore(subscribe, () => kept);
  const count = useSyncExternalStore(subscribe, () => unread);
  return { notes, unread: count };
}

export function markNotesRead(): void {
  unread = 0;
  changed();
}

function ToastCard({ note }: { note: Note }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => dismiss(note.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, note.id]);
  const Icon = note.kind === "good" ? CircleCheck : TriangleAlert;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hovering or focusing only holds the toast
    <div
      className={classes(styles.toast, status[note.kind])}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <Icon size={16} aria-hidden />
      <div className={styles.words}>
        <div className={styles.title}>{note.title}</div>
        {note.detail ? <div className={styles.detail}>{note.detail}</div> : null}
      </div>
      {note.action ? (
        <Button
          size="small"
          onPress={() => {
            note.action?.onAction();
            dismiss(note.id);
          }}
        >
          {note.action.label}
        </Button>
      ) : null}
      <IconButton
        size="small"
        label={t("common.close")}
        icon={<X size={14} aria-hidden />}
        onPress={() => dismiss(note.id)}
      />
    </div>
  );
}

/** Mounted once, in the frame. */
export function Toasts() {
  const notes = useSyncExternalStore(subscribe, () => shown);
  return (
    <div className={styles.region} role="status" aria-live="polite">
      {notes.map((note) => (
        <ToastCard key={note.id} note={note} />
      ))}
    </div>
  );
}
