import { CircleCheck, CircleDashed, CircleX, LoaderCircle, TriangleAlert } from "lucide-react";
import { formatExactTime } from "../format";
import { classes } from "./classes";
import styles from "./Status.module.css";

export type Kind = "good" | "notice" | "bad" | "busy" | "idle";

const ICONS = {
  good: CircleCheck,
  notice: TriangleAlert,
  bad: CircleX,
  busy: LoaderCircle,
  idle: CircleDashed,
};

interface StatusProps {
  kind: Kind;
  /** The word; a state is never a colour alone. */
  label: string;
  /** When this was observed (ms since the epoch). */
  at?: number | null;
  /** A second fact: "last known: running". */
  detail?: string;
}

function hover(props: StatusProps): string {
  const words = [props.label, props.detail].filter(Boolean).join(", ");
  // Whole where there is no room for it, and when it was observed.
  return props.at == null ? words : `${words} · ${formatExactTime(props.at)}`;
}

/** An observed state in a title line or a table. */
export function StatusPill(props: StatusProps) {
  const Icon = ICONS[props.kind];
  return (
    <span className={classes(styles.pill, styles[props.kind])} title={hover(props)}>
      <Icon
        size={13}
        strokeWidth={2.2}
        className={props.kind === "busy" ? styles.turn : undefined}
        aria-hidden
      />
      <span className={styles.label}>{props.label}</span>
      {props.detail ? <span className={styles.detail}>{props.detail}</span> : null}
    </span>
  );
}

/** The same as plain words, for dense rows. */
export function StatusWord(props: StatusProps) {
  const Icon = ICONS[props.kind];
  return (
    <span className={classes(styles.word, styles[props.kind])} title={hover(props)}>
      <Icon
        size={14}
        strokeWidth={2.1}
        className={props.kind === "busy" ? styles.turn : undefined}
        aria-hidden
      />
      <span className={styles.label}>{props.label}</span>
      {props.detail ? <span className={styles.detail}>{props.detail}</span> : null}
    </span>
  );
}
