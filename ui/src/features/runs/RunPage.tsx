import { useParams, useSearch } from "@tanstack/react-router";
import { Ban, FlaskConical, Package, RotateCcw } from "lucide-react";
import { useState } from "react";
import type { RunDetail } from "../../bindings/api";
import { asErrorBody, useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  ActionsMenu,
  Aside,
  AsideSection,
  Banner,
  Button,
  CopyButton,
  EditableText,
  EmptyState,
  ErrorBanner,
  Fact,
  FactStrip,
  Facts,
  Link,
  LinkButton,
  Loading,
  NamedValues,
  Page,
  Tabs,
  Told,
  useGo,
} from "../../shared/components";
import { formatAgo, formatDuration, formatRough, formatTime, shortId, useNow } from "../../shared/format";
import { t } from "../../shared/i18n";
import { RegisterDialog } from "../models/RegisterDialog";
import { CancelDialog } from "./CancelDialog";
import { RunArtifacts } from "./RunArtifacts";
import { RunCharts } from "./RunCharts";
import { RunEnvironmentTab } from "./RunEnvironment";
import { RunFacts } from "./RunFacts";
import { RunLog } from "./RunLog";
import { RunTags } from "./RunTags";
import styles from "./runs.module.css";
import { ACTS_OF, actLabel, useStageActs } from "./stages";
import { isOver, phaseOf, RunStatus } from "./status";
import { timeLeft, useSmallChart } from "./timeLeft";
import { durationOf, sourceText } from "./values";

const TABS = ["overview", "logs", "artifacts", "environment"] as const;
type TabId = (typeof TABS)[number];

export function RunPage() {
  const { runId = "" } = useParams({ strict: false }) as { runId?: string };
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const go = useGo();
  const query = useQueryCommand("run_get", { id: runId }, { keepPrevious: true });
  const tab = TABS.find((id) => id === search.tab) ?? "overview";
  const run = query.data;

  if (!run) {
    const gone = query.error && asErrorBody(query.error).code === "not_found";
    return (
      <Page title={t("runs.title")} breadcrumbs={[{ label: t("runs.title"), to: "/runs" }]}>
        {gone ? (
          <EmptyState
            icon={FlaskConical}
            title={t("runs.notFoundTitle")}
            lead={runId}
            actions={<LinkButton to="/runs">{t("runs.title")}</LinkButton>}
          />
        ) : (
          <Loading query={query} charts>
            {() => null}
          </Loading>
        )}
      </Page>
    );
  }
  return (
    <Body
      key={run.row.id}
      run={run}
      error={query.error}
      tab={tab}
      onTab={(id) => go(id === "overview" ? `/runs/${runId}` : `/runs/${runId}?tab=${id}`, { replace: true })}
    />
  );
}

function Body(props: { run: RunDetail; error: unknown; tab: TabId; onTab: (id: TabId) => void }) {
  const { run } = props;
  const { row } = run;
  const go = useGo();
  const over = isOver(row);
  const now = useNow(over ? 3_600_000 : 1000);
  const [cancelling, setCancelling] = useState(false);
  const [registering, setRegistering] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const stages = useStageActs({
    done: (what) => what === "delete" && go("/runs"),
    failed: setFailure,
  });
  const reconnect = useMutationCommand("machine_reconnect");
  const ms = durationOf(row, now);
  const attempt = async (work: () => Promise<unknown>) => {
    setFailure(null);
    try {
      await work();
    } catch (e) {
      setFailure(e);
    }
  };

  return (
    <Page
      title={row.name}
      breadcrumbs={[
        { label: t("runs.title"), to: "/runs" },
        { label: row.experiment, to: `/runs?experiment=${encodeURIComponent(row.experiment)}` },
      ]}
      state={
        <>
          <RunStatus row={row} link={run.link} pill />
          {!over && (
            <Told at={row.observed_at} className={styles.observed ?? ""}>
              {t("runs.observed", { time: formatAgo(row.observed_at, now) })}
            </Told>
          )}
        </>
      }
      fill
      actions={
        <>
          {run.model_paths.length > 0 && (
            <Button
              variant={phaseOf(row) === "finished" ? "primary" : "plain"}
              icon={<Package size={16} />}
              onPress={() => setRegistering(true)}
            >
              {t("runs.register")}
            </Button>
          )}
          {row.machine_id && !over && (
            <Button
              icon={<Ban size={16} />}
              isDisabled={row.phase === "stopping"}
              onPress={() => setCancelling(true)}
            >
              {t("runs.cancel")}
            </Button>
          )}
          {row.machine_id && run.environment && (
            <LinkButton to={`/runs/new?from=${row.id}`} icon={<RotateCcw size={16} />}>
              {t("runs.again")}
            </LinkButton>
          )}
          <ActionsMenu items={stages.items(row.stage, [row.id])} />
        </>
      }
    >
      <div className={styles.notices}>
        {props.error ? <ErrorBanner error={props.error} /> : null}
        {failure ? <ErrorBanner error={failure} /> : null}
        {row.stage !== "active" && (
          <Banner
            kind={row.stage === "deleted" ? "notice" : "plain"}
            title={row.stage === "deleted" ? t("runs.deletedBanner") : archivedSince(run)}
            actions={ACTS_OF[row.stage]
              .filter((what) => what !== "delete")
              .map((what) => (
                <Button
                  key={what}
                  size="small"
                  isPending={stages.isPending(what)}
                  onPress={() => stages.act(what, [row.id])}
                >
                  {actLabel(what)}
                </Button>
              ))}
          />
        )}
        {row.stale && !over && row.machine_id && (
          <Banner
            kind="notice"
            title={t("runs.staleTitle", { machine: row.machine ?? "" })}
            actions={
              <Button
                size="small"
                isPending={reconnect.isPending}
                onPress={() => void attempt(() => reconnect.mutateAsync({ id: row.machine_id ?? "" }))}
              >
                {t("runs.reconnect")}
              </Button>
            }
          >
            <p>
              <Told at={row.observed_at}>
                {t("runs.staleLead", { time: formatAgo(row.observed_at, now) })}
              </Told>
            </p>
          </Banner>
        )}
        {row.reason && (
          <ErrorBanner
            error={row.reason}
            actions={
              run.log_lines > 0 && props.tab !== "logs" ? (
                <Button size="small" onPress={() => props.onTab("logs")}>
                  {t("runs.openLog")}
                </Button>
              ) : null
            }
          />
        )}
      </div>
      <FactStrip>
        <RunFacts row={row} />
        <Fact label={t("runs.col.duration")}>
          <span className="num">{ms === null ? "–" : formatDuration(ms)}</span>
        </Fact>
        <Left row={row} now={now} />
        {run.exit_code !== null && (
          <Fact label={t("runs.exitCode")}>
            <span className="num">{run.exit_code}</span>
          </Fact>
        )}
        {row.user && <Fact label={t("runs.startedBy")}>{row.user}</Fact>}
        {run.environment && (
          <Fact label={t("runs.env.network")}>
            {run.environment.image === null
              ? t("runs.form.processes")
              : t(run.environment.network_open ? "runs.env.open" : "runs.env.closed")}
          </Fact>
        )}
        <Fact label={t("runs.id")}>
          <span className={styles.id}>
            <span className={styles.mono} title={row.id}>
              {shortId(row.id)}
            </span>
            <CopyButton text={row.id} label={t("runs.copyId")} />
          </span>
        </Fact>
      </FactStrip>
      <Tabs
        label={t("runs.tabs")}
        value={props.tab}
        onChange={props.onTab}
        tabs={[
          { id: "overview", label: t("runs.tab.overview"), panel: <Overview run={run} over={over} /> },
          {
            id: "logs",
            label: t("runs.tab.logs"),
            count: run.log_lines,
            fill: true,
            panel: <RunLog run={run} live={!over} />,
          },
          {
            id: "artifacts",
            label: t("runs.tab.artifacts"),
            fill: true,
            panel: <RunArtifacts runId={row.id} />,
          },
          { id: "environment", label: t("runs.tab.environment"), panel: <RunEnvironmentTab run={run} /> },
        ]}
      />
      <CancelDialog run={cancelling ? row : null} onClose={() => setCancelling(false)} />
      {registering && <RegisterDialog run={run} onClose={() => setRegistering(false)} />}
    </Page>
  );
}

/** Whoever archived the run may have left another value than a time. */
function archivedSince(run: RunDetail): string {
  const at = Date.parse(run.system_tags.find((tag) => tag.key === "skerry.archived")?.value ?? "");
  return Number.isNaN(at) ? t("runs.archivedBanner") : t("runs.archivedSince", { time: formatTime(at) });
}

/** Only where it is knowable. */
function Left({ row, now }: { row: RunDetail["row"]; now: number }) {
  const { series } = useSmallChart(row);
  const left = timeLeft(row, series, now);
  if (!left) return null;
  return (
    <Fact label={t("runs.timeLeft")}>
      <span
        className="num"
        title={t("runs.leftFrom", { step: left.step, goal: left.goal, param: left.param })}
      >
        {formatRough(left.ms)}
      </span>
    </Fact>
  );
}

/** Where MLflow keeps a run's note. */
const NOTE = "mlflow.note.content";

function Overview({ run, over }: { run: RunDetail; over: boolean }) {
  const { row } = run;
  const set = useMutationCommand("run_tag_set", { fresh: true });
  const unset = useMutationCommand("run_tag_delete", { fresh: true });
  return (
    <div className={styles.overview}>
      <RunCharts run={run} live={!over} />
      <Aside label={t("runs.about")}>
        <AsideSection title={t("runs.params")}>
          <NamedValues label={t("runs.params")} empty={t("runs.noParams")} values={row.params} />
        </AsideSection>
        <AsideSection title={t("runs.tags")}>
          <RunTags runId={row.id} tags={row.tags} />
        </AsideSection>
        <AsideSection title={t("runs.note")}>
          <EditableText
            label={t("runs.note")}
            empty={t("runs.addNote")}
            text={run.note}
            onSave={async (value, note) => {
              const known = { value: note };
              if (value !== "") await set.mutateAsync({ run_id: row.id, key: NOTE, value, known });
              else if (note !== null) await unset.mutateAsync({ run_id: row.id, key: NOTE, known });
            }}
          />
        </AsideSection>
        <AsideSection title={t("runs.inputs")}>
          {run.inputs.length === 0 ? (
            <p className="quiet">{t("runs.noInputs")}</p>
          ) : (
            <ul className={styles.inputs}>
              {run.inputs.map((input) => (
                <li key={`${input.name} ${input.digest}`}>
                  <div className={styles.inputName}>
                    {input.name}
                    {input.context && <span className="quiet"> · {input.context}</span>}
                  </div>
                  <div className={styles.mono} title={input.source}>
                    {sourceText(input.source)}
                  </div>
                  <div className={styles.hash} title={input.digest}>
                    {t("runs.snapshot")} <code>{input.digest.replace(/^sha256:/, "").slice(0, 16)}</code>
                  </div>
                </li>
              ))}
            </ul>
          )}
        </AsideSection>
        <AsideSection title={t("runs.versions")}>
          {run.versions.length === 0 ? (
            <p className="quiet">{t("runs.noVersions")}</p>
          ) : (
            <Facts>
              {run.versions.map((v) => (
                <Fact key={`${v.name} ${v.version}`} label={v.artifact_path}>
                  <Link to={`/models/${encodeURIComponent(v.name)}/${v.version}`}>
                    {v.name} {v.version}
                  </Link>
                </Fact>
              ))}
            </Facts>
          )}
        </AsideSection>
      </Aside>
    </div>
  );
}
