import { useSearch } from "@tanstack/react-router";
import { Activity as ActivityIcon } from "lucide-react";
import { Fragment, useState } from "react";
import type { ActivityRow } from "../../bindings/api";
import { useQueryCommand } from "../../shared/backend";
import {
  Button,
  EmptyState,
  ErrorBanner,
  LinkButton,
  LoadingShape,
  Page,
  Segmented,
  useGo,
} from "../../shared/components";
import { errorLine } from "../../shared/errors/words";
import { formatExactTime } from "../../shared/format";
import { currentLocale, t } from "../../shared/i18n";
import styles from "./Activity.module.css";
import { type ActivityGroup, Sentence, shapeOf } from "./sentence";

const PAGE = 100;
const GROUPS: readonly ActivityGroup[] = ["machines", "runs", "models", "deployments", "settings"];

function dayWords(at: number): string {
  const day = new Date(at).toDateString();
  if (day === new Date().toDateString()) return t("activity.today");
  if (day === new Date(Date.now() - 86_400_000).toDateString()) return t("activity.yesterday");
  return new Intl.DateTimeFormat(currentLocale(), { dateStyle: "full" }).format(at);
}

function timeWords(at: number): string {
  return new Intl.DateTimeFormat(currentLocale(), {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).format(at);
}

function Row({ row }: { row: ActivityRow }) {
  const { icon: Icon, bad } = shapeOf(row);
  return (
    <li className={styles.row} data-bad={bad ?? false}>
      <time className={styles.time} dateTime={new Date(row.at).toISOString()} title={formatExactTime(row.at)}>
        {timeWords(row.at)}
      </time>
      <Icon size={14} aria-hidden />
      <div>
        <Sentence row={row} />
        {row.problem ? (
          <div className={styles.problem}>
            {errorLine(row.problem)} <code>{row.problem.code}</code>
          </div>
        ) : null}
      </div>
      <span className={styles.actor} title={row.actor}>
        {t("activity.by", { actor: row.actor })}
      </span>
    </li>
  );
}

/** One page of entries; the last one shown asks for the next on request. */
function Entries(props: { before: number | null; group: ActivityGroup | "all"; lastDay: string | null }) {
  const page = useQueryCommand("activity_list", { before_id: props.before, limit: PAGE });
  const [older, setOlder] = useState(false);
  // What was on top when the page opened stays there: newer entries are offered, they do not push.
  const [top, setTop] = useState<number | null>(null);
  if (page.error && page.data === undefined) {
    return <ErrorBanner error={page.error} onRetry={() => void page.refetch()} />;
  }
  if (page.data === undefined) return <LoadingShape />;
  if (page.data.length === 0) {
    return props.before === null ? (
      <EmptyState
        icon={ActivityIcon}
        title={t("activity.empty")}
        lead={t("activity.emptyLead")}
        actions={<LinkButton to="/runs/new">{t("overview.newRun")}</LinkButton>}
      />
    ) : (
      <p className="quiet">{t("activity.oldest")}</p>
    );
  }
  const newest = page.data[0]?.id ?? 0;
  const shownTop = props.before === null ? (top ?? newest) : newest;
  if (props.before === null && top === null) setTop(newest);
  const wanted = page.data.filter((row) => props.group === "all" || shapeOf(row).group === props.group);
  const rows = wanted.filter((row) => row.id <= shownTop);
  const waiting = wanted.length - rows.length;
  const last = page.data.at(-1);
  const lastShown = rows.at(-1);
  let day = props.lastDay;
  return (
    <>
      {waiting > 0 ? (
        <div className={styles.fresh} role="status">
          <Button size="small" onPress={() => setTop(newest)}>
            {t("activity.fresh", { n: waiting })}
          </Button>
        </div>
      ) : null}
      {rows.length === 0 && waiting === 0 && props.before === null ? (
        <p className="quiet">{t("activity.noneOfKind")}</p>
      ) : null}
      <ol className={styles.list}>
        {rows.map((row) => {
          const words = dayWords(row.at);
          const head = words !== day;
          day = words;
          return (
            <Fragment key={row.id}>
              {head ? <li className={styles.day}>{words}</li> : null}
              <Row row={row} />
            </Fragment>
          );
        })}
      </ol>
      {older && last ? (
        <Entries
          before={last.id}
          group={props.group}
          lastDay={lastShown ? dayWords(lastShown.at) : props.lastDay}
        />
      ) : (
        <div className={styles.more}>
          {page.data.length < PAGE ? (
            <span className="quiet">{t("activity.oldest")}</span>
          ) : (
            <Button onPress={() => setOlder(true)}>{t("activity.older")}</Button>
          )}
        </div>
      )}
    </>
  );
}

export function ActivityPage() {
  const { kind } = useSearch({ strict: false }) as { kind?: string };
  const go = useGo();
  const group = GROUPS.find((each) => each === kind) ?? "all";
  return (
    <Page title={t("activity.title")} lead={t("activity.lead")}>
      <div className={styles.tools}>
        <Segmented
          label={t("activity.filter")}
          value={group}
          onChange={(next) => go(next === "all" ? "/activity" : `/activity?kind=${next}`, { replace: true })}
          options={[
            { value: "all" as ActivityGroup | "all", label: t("activity.all") },
            ...GROUPS.map((each) => ({ value: each, label: t(`activity.group.${each}`) })),
          ]}
        />
      </div>
      <Entries before={null} group={group} lastDay={null} />
    </Page>
  );
}
