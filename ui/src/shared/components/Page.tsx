import { Fragment, type ReactNode, useEffect, useRef } from "react";
import { formatNumber } from "../format";
import { t } from "../i18n";
import { classes } from "./classes";
import { Link } from "./Link";
import styles from "./Page.module.css";

interface PageProps {
  title: string;
  /** Observed state beside the title, a StatusPill. */
  state?: ReactNode;
  lead?: ReactNode;
  /** Two or three actions; everything else goes into an ActionsMenu. */
  actions?: ReactNode;
  breadcrumbs?: readonly { label: string; to: string }[];
  /** `fill`: the body does not scroll; its content does (tables, logs). */
  fill?: boolean;
  /** `read`: a measure fit for reading and forms; `all`: also the whole of a very wide screen. */
  width?: "read" | "all";
  children: ReactNode;
}

/** A view: its title line and its body. */
export function Page(props: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.title} · Skerry`;
  }, [props.title]);
  useEffect(() => {
    // The link that led here is gone with its view: reading goes on at the title.
    if (document.activeElement === null || document.activeElement === document.body) heading.current?.focus();
  }, []);
  return (
    <div className={styles.page} data-fill={props.fill ?? false} data-width={props.width}>
      <header className={styles.head}>
        <div className={styles.titles}>
          {props.breadcrumbs?.length ? (
            <nav className={styles.crumbs} aria-label={t("common.breadcrumb")}>
              {props.breadcrumbs.map((crumb) => (
                <Fragment key={crumb.to}>
                  <Link to={crumb.to} className={styles.crumb ?? ""} title={crumb.label}>
                    {crumb.label}
                  </Link>
                  <span aria-hidden>/</span>
                </Fragment>
              ))}
            </nav>
          ) : null}
          <div className={styles.titleLine}>
            <h1 className={styles.title} tabIndex={-1} ref={heading}>
              <bdi className="clamp" title={props.title}>
                {props.title}
              </bdi>
            </h1>
            {props.state}
          </div>
          {props.lead ? <div className={styles.lead}>{props.lead}</div> : null}
        </div>
        {props.actions ? <div className={styles.actions}>{props.actions}</div> : null}
      </header>
      <div className={classes(styles.body, props.fill && styles.fill)}>
        {props.width === "read" ? <div className={styles.read}>{props.children}</div> : props.children}
      </div>
    </div>
  );
}

export function Section(props: {
  title: string;
  /** How many there are of what stands below. */
  count?: number;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={styles.section} aria-label={props.title}>
      <div className={styles.sectionHead}>
        <h2>{props.title}</h2>
        {props.count ? <span className={styles.count}>{formatNumber(props.count)}</span> : null}
        {props.actions ? <div className={styles.actions}>{props.actions}</div> : null}
      </div>
      {props.lead ? <p className={styles.sectionLead}>{props.lead}</p> : null}
      {props.children}
    </section>
  );
}

export function Mono(props: { children: ReactNode }) {
  return <span className="mono">{props.children}</span>;
}

export function Kbd(props: { children: ReactNode }) {
  return <kbd className={styles.kbd}>{props.children}</kbd>;
}
