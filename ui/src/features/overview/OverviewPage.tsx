import { ArrowUp, CircleCheck, Plus } from "lucide-react";
import { useEffect, useState } from "react";
import type { ActivityRow, DeploymentRow, Need, NeedKind, Overview, RunRow } from "../../bindings/api";
import { useBackend, useQueryCommand } from "../../shared/backend";
import {
  Button,
  ErrorBanner,
  Link,
  LinkButton,
  LoadingShape,
  Page,
  Section,
  Time,
  Told,
} from "../../shared/components";
import { Sparkline } from "../../shared/charts";
import { errorLine } from "../../shared/errors/words";
import { formatAgo, formatDuration, formatNumber, formatRough, useNow } from "../../shared/format";
import { t } from "../../shared/i18n";
import { useSteady } from "../../shared/steady";
import { Sentence, shapeOf } from "../activity/sentence";
import { DeploymentStatus } from "../deployments/status";
import { RunStatus } from "../runs/status";
import { timeLeft, useSmallChart } from "../runs/timeLeft";
import styles from "./Overview.module.css";
import { Welcome } from "./Welcome";

const CALM: readonly NeedKind[] = [
  "approval_asked",
  "unprotect_asked",
  "setup_unfinished",
  "secrets_locked",
  "machine_unreachable",
];

function needPath(need: Need): string {
  const id = encodeURIComponent(need.subject_id);
  switch (need.kind) {
    case "run_failed":
      return `/runs/${id}`;
    case "machine_unreachable":
      return `/machines/${id}`;
    case "deployment_unhealthy":
      return `/deployments/${id}`;
    case "approval_asked":
      // Model and version: a name has no slash in it.
      return `/models/${need.subject_id.split("/").map(encodeURIComponent).join("/")}`;
    case "unprotect_asked":
      return `/models/${id}?tab=aliases`;
    case "setup_unfinished":
      return `/setup/${id}`;
    case "secrets_locked":
      return "/settings?section=secrets";
  }
}

/** Two aliases of one model may wait. */
function keyOf(need: Need): string {
  return `${need.kind}:${need.subject_id}:${need.subject}`;
}

function subjectOf(need: Need): string {
  // The place for secrets has no name of its own: the program says which kind it is.
  if (need.kind === "secrets_locked") {
    return t(need.subject === "vault" ? "overview.secrets.vault" : "overview.secrets.keyring");
  }
  return need.subject || t(`overview.need.${need.kind}`);
}

function Needs({ needs }: { needs: readonly Need[] }) {
  const { rows, inUse } = useSteady(needs, keyOf);
  if (rows.length === 0) {
    return (
      <p className={styles.quietLine}>
        <CircleCheck size={16} aria-hidden />
        {t("overview.nothing")}
      </p>
    );
  }
  return (
    <ul className={styles.list} {...inUse}>
      {rows.map((need) => (
        <li
          key={keyOf(need)}
          className={`${styles.line} ${styles.need}`}
          data-calm={CALM.includes(need.kind)}
        >
          <div className={styles.main}>
            <Link to={needPath(need)} title={need.subject}>
              {subjectOf(need)}
            </Link>
            <small className={styles.reason}>
              <span className={styles.why}>{t(`overview.need.${need.kind}`)}</span>
              {need.problem ? ` · ${errorLine(need.problem)}` : null}
            </small>
          </div>
          <span className={styles.aside}>
            <Time at={need.since} relative />
          </span>
          <LinkButton size="small" to={needPath(need)}>
            {t(`overview.do.${need.kind}`)}
          </LinkButton>
        </li>
      ))}
    </ul>
  );
}

function RunSpark({ run }: { run: RunRow }) {
  const { key, series } = useSmallChart(run);
  const values = (series?.values ?? []).map((value) => value ?? Number.NaN);
  if (!key || values.length < 2) return <span />;
  const latest = run.metrics.find((metric) => metric.key === key);
  const value = latest?.special ?? formatNumber(latest?.value ?? Number.NaN);
  return (
    <span className={styles.spark}>
      <Sparkline values={values} label={t("overview.sparkline", { key, value })} />
      <small aria-hidden title={key}>
        {key} {value}
      </small>
    </span>
  );
}

/** How long it goes, and how long still where that is knowable. */
function RunTimes({ run }: { run: RunRow }) {
  const now = useNow(1000);
  const { series } = useSmallChart(run);
  const left = timeLeft(run, series, now);
  return (
    <span className={styles.aside}>
      {run.started_at === null
        ? ""
        : formatDuration(Math.max(1000, Math.round((now - run.started_at) / 1000) * 1000))}
      {left ? (
        <small title={t("runs.leftFrom", { step: left.step, goal: left.goal, param: left.param })}>
          {t("common.left", { time: formatRough(left.ms) })}
        </small>
      ) : null}
    </span>
  );
}

function Running({ runs }: { runs: readonly RunRow[] }) {
  const { rows, inUse } = useSteady(runs, (run) => run.id);
  if (rows.length === 0) return <p className={styles.quietLine}>{t("overview.noRuns")}</p>;
  return (
    <ul className={styles.list} {...inUse}>
      {rows.map((run) => (
        <li key={run.id} className={`${styles.line} ${styles.run}`}>
          <div className={styles.main}>
            <Link to={`/runs/${run.id}`}>{run.name}</Link>
            <small>{[run.experiment, run.machine].filter(Boolean).join(" · ")}</small>
          </div>
          <RunStatus row={run} />
          <RunSpark run={run} />
          <RunTimes run={run} />
        </li>
      ))}
    </ul>
  );
}

function Deployments(props: { rows: readonly DeploymentRow[] }) {
  const { rows, inUse } = useSteady(props.rows, (row) => row.id);
  return (
    <ul className={styles.list} {...inUse}>
      {rows.map((row) => (
        <li key={row.id} className={`${styles.line} ${styles.deployment}`}>
          <div className={styles.main}>
            <Link to={`/deployments/${row.id}`}>{row.name}</Link>
            <small>
              {row.model} {row.live_version ?? row.version} · {row.machine}
            </small>
          </div>
          <DeploymentStatus row={row} />
          <span className={styles.aside}>
            {row.last_check_at ? (
              <>
                <small>{t("overview.checked")}</small>
                <Time at={row.last_check_at} relative />
              </>
            ) : null}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Changes({ rows }: { rows: readonly ActivityRow[] }) {
  return (
    <ol className={styles.changes}>
      {rows.map((row) => {
        const { icon: Icon, bad } = shapeOf(row);
        return (
          <li key={row.id} data-bad={bad ?? false}>
            <Icon size={14} aria-hidden />
            <div>
              <Sentence row={row} />
              <div>
                <small className={styles.who}>
                  <span title={row.actor}>{row.actor}</span> · <Time at={row.at} relative />
                </small>
              </div>
            </div>
          </li>
        );
      })}
    </ol>
  );
}

/** How many older changes fill the list when few are new. */
const ENOUGH = 8;

function Changed({ data, since }: { data: Overview; since: number | null }) {
  const newest = data.changes[0]?.id ?? 0;
  // What stood on top when the page opened stays there; newer ones are offered in the heading.
  const [top, setTop] = useState(newest);
  const shown = data.changes.filter((row) => row.id <= top);
  const waiting = data.changes.length - shown.length;
  const fresh = since === null ? shown : shown.filter((row) => row.at > since);
  const earlier = shown.filter((row) => !fresh.includes(row)).slice(0, Math.max(0, ENOUGH - fresh.length));
  return (
    <Section
      title={since === null ? t("overview.changedEver") : t("overview.changed")}
      actions={
        <span role="status">
          {waiting > 0 ? (
            <Button size="small" icon={<ArrowUp size={14} aria-hidden />} onPress={() => setTop(newest)}>
              {t("overview.waiting", { n: waiting })}
            </Button>
          ) : null}
        </span>
      }
    >
      {since !== null && fresh.length === 0 ? (
        <p className="quiet">
          {t("overview.nothingNew")} (
          <Told at={since}>{t("overview.since", { time: formatAgo(since) })}</Told>)
        </p>
      ) : null}
      <Changes rows={fresh} />
      {earlier.length > 0 ? (
        <>
          <p className={styles.earlier}>{t("overview.earlier")}</p>
          <Changes rows={earlier} />
        </>
      ) : null}
      <p className={styles.all}>
        <Link to="/activity">{t("overview.all")}</Link>
      </p>
    </Section>
  );
}

function Questions({ data }: { data: Overview }) {
  const backend = useBackend();
  // The mark is set once per visit; what was new when the page opened stays new while it is open.
  const [since] = useState(data.last_seen_at);
  useEffect(() => {
    // Only a mark: when it fails, the same changes are new once more.
    backend.call("overview_seen", null).catch(() => {});
  }, [backend]);
  return (
    <div className={styles.layout}>
      <div className={styles.questions}>
        <Section title={t("overview.needs")} count={data.needs.length}>
          <Needs needs={data.needs} />
        </Section>
        <Section title={t("overview.running")} count={data.running.length}>
          <Running runs={data.running} />
        </Section>
        {data.deployments.length > 0 ? (
          <Section title={t("overview.deployments")} count={data.deployments.length}>
            <Deployments rows={data.deployments} />
          </Section>
        ) : null}
      </div>
      <Changed data={data} since={since} />
    </div>
  );
}

export function OverviewPage() {
  const info = useQueryCommand("app_info", null);
  const overview = useQueryCommand("overview", null);
  if (info.data?.empty) return <Welcome />;
  const error = overview.error ?? (overview.data ? null : info.error);
  return (
    <Page
      title={t("nav.overview")}
      width="all"
      actions={
        <LinkButton to="/runs/new" variant="primary" icon={<Plus size={16} aria-hidden />}>
          {t("overview.newRun")}
        </LinkButton>
      }
    >
      {error ? (
        <ErrorBanner
          error={error}
          onRetry={() => {
            void overview.refetch();
            void info.refetch();
          }}
        />
      ) : null}
      {overview.data && info.data ? <Questions data={overview.data} /> : error ? null : <LoadingShape />}
    </Page>
  );
}
