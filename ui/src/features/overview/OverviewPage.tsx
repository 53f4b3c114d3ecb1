import { CircleCheck, Plus } from "lucide-react";
import { useEffect, useState } from "react";
import type { ActivityRow, DeploymentRow, Need, NeedKind, Overview, RunRow } from "../../bindings/api";
import { useBackend, useQueryCommand } from "../../shared/backend";
import { ErrorBanner, Link, LinkButton, LoadingShape, Page, Section, Time } from "../../shared/components";
import { Sparkline } from "../../shared/charts";
import { errorWords } from "../../shared/errors/words";
import { formatAgo, formatDuration, formatNumber, useNow } from "../../shared/format";
import { t } from "../../shared/i18n";
import { Sentence, shapeOf } from "../activity/sentence";
import { DeploymentStatus } from "../deployments/status";
import { RunStatus } from "../runs/status";
import styles from "./Overview.module.css";
import { Welcome } from "./Welcome";

const CALM: readonly NeedKind[] = ["setup_unfinished", "secrets_locked", "machine_unreachable"];

function needPath(need: Need): string {
  const id = encodeURIComponent(need.subject_id);
  switch (need.kind) {
    case "run_failed":
      return `/runs/${id}`;
    case "machine_unreachable":
      return `/machines/${id}`;
    case "deployment_unhealthy":
      return `/deployments/${id}`;
    case "setup_unfinished":
      return `/setup/${id}`;
    case "secrets_locked":
      return "/settings?section=secrets";
  }
}

function Needs({ needs }: { needs: readonly Need[] }) {
  if (needs.length === 0) {
    return (
      <p className={styles.quietLine}>
        <CircleCheck size={16} aria-hidden />
        {t("overview.nothing")}
      </p>
    );
  }
  return (
    <ul className={styles.list}>
      {needs.map((need) => (
        <li
          key={`${need.kind}:${need.subject_id}`}
          className={`${styles.line} ${styles.need}`}
          data-calm={CALM.includes(need.kind)}
        >
          <div className={styles.main}>
            <Link to={needPath(need)}>{need.subject || t(`overview.need.${need.kind}`)}</Link>
            <small title={need.problem?.message}>
              <span className={styles.why}>{t(`overview.need.${need.kind}`)}</span>
              {need.problem ? ` · ${need.problem.message || errorWords(need.problem.code).title}` : null}
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

/** The metric that says most in a small line: a loss, otherwise the first one. */
function telling(run: RunRow): string | null {
  const keys = run.metrics.map((metric) => metric.key);
  return keys.find((key) => /loss/i.test(key)) ?? keys[0] ?? null;
}

function RunSpark({ run }: { run: RunRow }) {
  const key = telling(run);
  const chart = useQueryCommand(
    "run_chart",
    { run_id: run.id, keys: key ? [key] : [], max_points: 40, from_step: null, to_step: null },
    { enabled: key !== null, keepPrevious: true },
  );
  const values = (chart.data?.[0]?.values ?? []).map((value) => value ?? Number.NaN);
  if (!key || values.length < 2) return <span />;
  const latest = run.metrics.find((metric) => metric.key === key);
  const words = t("overview.sparkline", {
    key,
    value: latest?.special ?? formatNumber(latest?.value ?? Number.NaN),
  });
  return <Sparkline values={values} label={words} />;
}

function Elapsed({ from }: { from: number | null }) {
  const now = useNow(1000);
  return <>{from === null ? "" : formatDuration(Math.max(1000, Math.round((now - from) / 1000) * 1000))}</>;
}

function Running({ runs }: { runs: readonly RunRow[] }) {
  if (runs.length === 0) return <p className="quiet">{t("overview.noRuns")}</p>;
  return (
    <ul className={styles.list}>
      {runs.map((run) => (
        <li key={run.id} className={`${styles.line} ${styles.run}`}>
          <div className={styles.main}>
            <Link to={`/runs/${run.id}`}>{run.name}</Link>
            <small>{[run.experiment, run.machine].filter(Boolean).join(" · ")}</small>
          </div>
          <RunStatus row={run} />
          <RunSpark run={run} />
          <span className={styles.aside}>
            <Elapsed from={run.started_at} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Deployments({ rows }: { rows: readonly DeploymentRow[] }) {
  return (
    <ul className={styles.list}>
      {rows.map((row) => (
        <li key={row.id} className={`${styles.line} ${styles.run}`}>
          <div className={styles.main}>
            <Link to={`/deployments/${row.id}`}>{row.name}</Link>
            <small>
              {row.model} {row.live_version ?? row.version} · {row.machine}
            </small>
          </div>
          <DeploymentStatus row={row} />
          <span />
          <span className={styles.aside}>
            {row.last_check_at ? <Time at={row.last_check_at} relative /> : null}
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
                <small>
                  {row.actor} · <Time at={row.at} relative />
                </small>
              </div>
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function Changed({ data, since }: { data: Overview; since: number | null }) {
  const fresh = since === null ? data.changes : data.changes.filter((row) => row.at > since);
  const earlier = data.changes.filter((row) => !fresh.includes(row)).slice(0, Math.max(0, 8 - fresh.length));
  return (
    <Section title={since === null ? t("overview.changedEver") : t("overview.changed")}>
      {since !== null && fresh.length === 0 ? (
        <p className="quiet">
          {t("overview.nothingNew")} ({t("overview.since", { time: formatAgo(since) })})
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
      <div>
        <Section title={t("overview.needs")}>
          <Needs needs={data.needs} />
        </Section>
        <Section title={t("overview.running")}>
          <Running runs={data.running} />
        </Section>
        {data.deployments.length > 0 ? (
          <Section title={t("overview.deployments")}>
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
