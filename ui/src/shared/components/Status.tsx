import { formatExactTime } from "../format";
import { classes } from "./classes";
import styles from "./Status.module.css";

export type Kind = "good" | "notice" | "bad" | "busy" | "idle";

export interface StatusProps {
  kind: Kind;
  /** The word; a state is never a colour alone. */
  label: string;
  /** When this was observed (ms since the epoch). */
  at?: number | null;
  /** A second fact: "last known: running". */
  detail?: string;
}

/** What a state says under the pointer: whole where there is no room for it, and when it was observed. */
export function statusTitle(props: StatusProps): string {
  const words = [props.label, props.detail].filter(Boolean).join(", ");
  return props.at == null ? words : `${words} · ${formatExactTime(props.at)}`;
}

/** An observed state in a title line or a table. */
export function StatusPill(props: StatusProps) {
  return (
    <span className={classes(styles.pill, styles.icon, styles[props.kind])} title={statusTitle(props)}>
      <span className={styles.label}>{props.label}</span>
      {props.detail ? <span className={styles.detail}>{props.detail}</span> : null}
    </span>
  );
}

/** The same as plain words, for dense rows; `untitled` where what is around it says the title. */
export function StatusWord(props: StatusProps & { untitled?: boolean }) {
  return (
    <span
      className={classes(styles.word, styles.icon, styles[props.kind])}
      title={props.untitled ? undefined : statusTitle(props)}
    >
      {props.label}
      {props.detail ? <span className={styles.detail}> {props.detail}</span> : null}
    </span>
  );
}
