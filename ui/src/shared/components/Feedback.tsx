import { CircleCheck, CircleX, Info, LoaderCircle, TriangleAlert } from "lucide-react";
import { type ComponentType, type ReactNode, useEffect, useState } from "react";
import { asErrorBody } from "../backend/types";
import { errorLine, errorText, errorWords } from "../errors/words";
import { formatRough, formatNumber } from "../format";
import { currentLanguage, t } from "../i18n";
import { Button, CopyButton } from "./Button";
import { classes } from "./classes";
import styles from "./Feedback.module.css";
import status from "./Status.module.css";

type BannerKind = "good" | "notice" | "bad" | "busy" | "plain";
const BANNER_ICONS = {
  good: CircleCheck,
  notice: TriangleAlert,
  bad: CircleX,
  busy: LoaderCircle,
  plain: Info,
};

export function Banner(props: {
  kind: BannerKind;
  title: ReactNode;
  actions?: ReactNode;
  children?: ReactNode;
}) {
  const Icon = BANNER_ICONS[props.kind];
  return (
    <div
      className={classes(styles.banner, props.kind !== "plain" && status[props.kind])}
      role={props.kind === "bad" ? "alert" : "note"}
    >
      <Icon size={16} aria-hidden />
      <div className={styles.bannerBody}>
        <div className={styles.bannerTitle}>{props.title}</div>
        {props.children}
      </div>
      {props.actions ? <div className={styles.bannerActions}>{props.actions}</div> : null}
    </div>
  );
}

/** A failure: what did not happen, why, what to do, the code, and everything to copy. */
export function ErrorBanner(props: {
  error: unknown;
  title?: string;
  onRetry?: () => void;
  actions?: ReactNode;
}) {
  const body = asErrorBody(props.error);
  const words = errorWords(body.code);
  const title = props.title ?? words.title;
  const line = errorLine(body);
  // The program speaks English: elsewhere the table's words go first and its own stand with the facts.
  const english = currentLanguage() === "en";
  const facts = Object.entries(body.details ?? {}).map(([key, value]) => `${key}: ${value}`);
  const raw = english ? facts : [body.message, ...facts];
  return (
    <Banner
      kind="bad"
      title={title}
      actions={
        <>
          {props.actions}
          {props.onRetry ? (
            <Button size="small" onPress={props.onRetry}>
              {t("common.retry")}
            </Button>
          ) : null}
        </>
      }
    >
      {line.replace(/\.$/, "") === title ? null : <p>{line}</p>}
      <p className={styles.remedy}>{words.act}</p>
      <div className={styles.rawHead}>
        <code>{body.code}</code>
        <CopyButton withWords text={errorText(body)} label={t("common.copyDetails")} />
      </div>
      {raw.length > 0 ? (
        <details className={styles.details}>
          <summary>{t("common.details")}</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long output scrolls, also by keyboard */}
          <div className={styles.raw} tabIndex={0}>
            {raw.join("\n")}
          </div>
        </details>
      ) : null}
    </Banner>
  );
}

export function EmptyState(props: {
  icon?: ComponentType<{ size?: number; strokeWidth?: number }>;
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
}) {
  const Icon = props.icon;
  return (
    <div className={styles.empty}>
      {Icon ? <Icon size={24} strokeWidth={1.6} aria-hidden /> : null}
      <h2>{props.title}</h2>
      {props.lead ? <p>{props.lead}</p> : null}
      {props.actions ? <div className={styles.emptyActions}>{props.actions}</div> : null}
    </div>
  );
}

/** The shape of a list that is still to come. */
export function Skeleton(props: { rows?: number }) {
  return (
    <div className={styles.skeleton} aria-hidden>
      {Array.from({ length: props.rows ?? 6 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows of a skeleton have no other identity
        <div className={styles.boneRow} key={index}>
          <div className={styles.bone} style={{ width: `${22 + ((index * 37) % 24)}%` }} />
          <div className={styles.bone} style={{ width: "12%" }} />
          <div className={styles.bone} style={{ width: `${14 + ((index * 23) % 16)}%` }} />
        </div>
      ))}
    </div>
  );
}

/** The shape of a page of charts that is still to come: its facts, then the charts. */
function ChartBones() {
  return (
    <div className={styles.chartBones} aria-hidden>
      {[0, 1, 2, 3].map((index) => (
        <div className={styles.chartBone} key={index}>
          <div className={styles.bone} style={{ width: `${18 + ((index * 37) % 14)}%` }} />
          <div className={styles.field} />
        </div>
      ))}
    </div>
  );
}

/** True once `ms` have passed since the component appeared. */
function useAfter(ms: number): boolean {
  const [passed, setPassed] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setPassed(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return passed;
}

export function LoadingShape(props: {
  rows?: number;
  /** Charts stand under the rows. */
  charts?: boolean;
}) {
  const shape = useAfter(300);
  const slow = useAfter(5000);
  return (
    <div aria-busy="true">
      {shape ? <Skeleton rows={props.rows ?? (props.charts ? 2 : 6)} /> : null}
      {shape && props.charts ? <ChartBones /> : null}
      <p className={styles.slow} role="status">
        {slow ? t("common.slow") : <span className="visually-hidden">{t("common.loading")}</span>}
      </p>
    </div>
  );
}

interface Readable<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** What a query has: its data, the shape of what comes, or what went wrong. Old data stays under an error. */
export function Loading<T>(props: {
  query: Readable<T>;
  rows?: number;
  charts?: boolean;
  children: (data: T) => ReactNode;
}) {
  const { query } = props;
  const retry = () => void query.refetch();
  if (query.data !== undefined) {
    return (
      <>
        {query.error ? <ErrorBanner error={query.error} onRetry={retry} /> : null}
        {props.children(query.data)}
      </>
    );
  }
  if (query.error) return <ErrorBanner error={query.error} onRetry={retry} />;
  return <LoadingShape {...(props.rows ? { rows: props.rows } : {})} charts={props.charts ?? false} />;
}

/** Before that a pace is a guess. */
const PACE_MS = 2_000;

/** How long it still takes at the pace until now, as words; nothing while that is a guess. */
function timeLeft(since: number, share: number): string {
  const gone = Date.now() - since;
  if (share <= 0 || share >= 1 || gone < PACE_MS) return "";
  return t("common.left", { time: formatRough((gone / share) * (1 - share)) });
}

/** What is being done, how much, how long still, and a Cancel that cancels. Without `total` the amount is unknown. */
export function Progress(props: {
  label: string;
  done?: number | null;
  total?: number | null;
  /** How amounts are written; plain numbers otherwise. */
  format?: (amount: number) => string;
  /** When it began, in Unix ms: then it also says how long it still takes. */
  since?: number;
  onCancel?: () => void;
  /** What *Cancel* is called by who cannot see what it stands beside. */
  cancelLabel?: string;
}) {
  const format = props.format ?? ((amount: number) => formatNumber(amount));
  const known = props.total != null && props.total > 0 && props.done != null;
  const share = known ? Math.min(1, (props.done as number) / (props.total as number)) : 0;
  const left = props.since === undefined ? "" : timeLeft(props.since, share);
  return (
    <div className={styles.progress}>
      <div className={styles.progressHead}>
        <span>{props.label}</span>
        <span className={styles.figures}>
          {known
            ? `${format(props.done as number)} / ${format(props.total as number)}`
            : props.done != null
              ? format(props.done)
              : ""}
          {left ? ` · ${left}` : ""}
        </span>
        {props.onCancel ? (
          <Button
            size="small"
            onPress={props.onCancel}
            {...(props.cancelLabel ? { "aria-label": props.cancelLabel } : {})}
          >
            {t("common.cancel")}
          </Button>
        ) : null}
      </div>
      <div
        className={styles.track}
        role="progressbar"
        aria-label={props.label}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(known ? { "aria-valuenow": Math.round(share * 100) } : {})}
      >
        <div
          className={classes(styles.bar, !known && styles.unknown)}
          style={known ? { width: `${share * 100}%` } : undefined}
        />
      </div>
    </div>
  );
}

/** Never without words. */
export function Spinner(props: { label: string }) {
  return (
    <span className={styles.spinner}>
      <LoaderCircle size={14} aria-hidden /> {props.label}
    </span>
  );
}
