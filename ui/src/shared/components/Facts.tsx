import type { CSSProperties, ReactNode } from "react";
import { classes } from "./classes";
import styles from "./Facts.module.css";

/** A list of facts: label and value in columns. */
export function Facts(props: { columns?: 1 | 2 | 3; children: ReactNode }) {
  return (
    <dl className={styles.facts} style={{ "--fact-columns": props.columns ?? 1 } as CSSProperties}>
      {props.children}
    </dl>
  );
}

/** The few facts that one wants at a glance, side by side under a title line. */
export function FactStrip(props: { children: ReactNode }) {
  return <dl className={styles.strip}>{props.children}</dl>;
}

export function Fact(props: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{props.label}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

export interface NamedValue {
  readonly key: string;
  readonly value: string;
  /** Stands between name and value: a small line of how it came about. */
  readonly picture?: ReactNode;
}

/** Many names with a value each: params, metrics, variables. Cut text is whole on hover. */
export function NamedValues(props: {
  label: string;
  values: readonly NamedValue[];
  /** Said instead when there is none. */
  empty: string;
  /** `end`: figures under each other. */
  align?: "end";
}) {
  if (props.values.length === 0) return <p className="quiet">{props.empty}</p>;
  const pictures = props.values.some((each) => each.picture !== undefined);
  return (
    <table className={classes(styles.values, props.align && styles.figures)} aria-label={props.label}>
      <tbody>
        {props.values.map((each) => (
          <tr key={each.key}>
            <th scope="row" title={each.key}>
              {each.key}
            </th>
            {pictures ? <td className={styles.picture}>{each.picture}</td> : null}
            <td title={each.value}>{each.value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A column beside the main thing: what is known about it, under small headings. */
export function Aside(props: { label: string; children: ReactNode }) {
  return (
    <aside className={styles.aside} aria-label={props.label}>
      {props.children}
    </aside>
  );
}

export function AsideSection(props: { title: string; level?: 2 | 3; children: ReactNode }) {
  const Heading = props.level === 3 ? "h3" : "h2";
  return (
    <section className={styles.asideSection}>
      <Heading>{props.title}</Heading>
      {props.children}
    </section>
  );
}
