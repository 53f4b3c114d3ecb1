import { useParams } from "@tanstack/react-router";
import { Play, RefreshCw, Rocket, Square, Undo2 } from "lucide-react";
import { useState } from "react";
import type { DeploymentDetail, Revision } from "../../bindings/api";
import { asErrorBody, useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  ActionsMenu,
  Banner,
  Button,
  CopyLine,
  EmptyState,
  ErrorBanner,
  Fact,
  Facts,
  type Kind,
  Link,
  LinkButton,
  Loading,
  Page,
  Section,
  StatusWord,
  Time,
  Told,
  useGo,
} from "../../shared/components";
import { errorLine } from "../../shared/errors/words";
import { formatAgo, formatTime, useNow } from "../../shared/format";
import { t } from "../../shared/i18n";
import { Digest } from "../models/Chips";
import { modelPath } from "../models/ModelsPage";
import { DeleteDialog, RollbackDialog, StopDialog, UpdateDialog } from "./dialogs";
import styles from "./deployments.module.css";
import { DeploymentStatus } from "./status";
import { TryIt } from "./TryIt";

export function DeploymentPage() {
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const query = useQueryCommand("deployment_get", { id }, { keepPrevious: true });
  if (!query.data) {
    const gone = query.error && asErrorBody(query.error).code === "not_found";
    return (
      <Page
        title={t("deployments.title")}
        breadcrumbs={[{ label: t("deployments.title"), to: "/deployments" }]}
      >
        {gone ? (
          <EmptyState
            icon={Rocket}
            title={t("deployments.notFoundTitle")}
            actions={<LinkButton to="/deployments">{t("deployments.title")}</LinkButton>}
          />
        ) : (
          <Loading query={query}>{() => null}</Loading>
        )}
      </Page>
    );
  }
  return <Body key={query.data.row.id} detail={query.data} error={query.error} />;
}

type Asking = "stop" | "delete" | "rollback" | "update" | null;

function Body({ detail, error }: { detail: DeploymentDetail; error: unknown }) {
  const { row } = detail;
  const go = useGo();
  const now = useNow(5000);
  const [asking, setAsking] = useState<Asking>(null);
  const start = useMutationCommand("deployment_start");
  const reconnect = useMutationCommand("machine_reconnect");
  const down = row.state === "stopped" || row.state === "failed";
  const coming = row.state === "pulling" || row.state === "starting" || row.live_version !== null;
  return (
    <Page
      title={row.name}
      breadcrumbs={[{ label: t("deployments.title"), to: "/deployments" }]}
      state={
        <>
          <DeploymentStatus row={row} link={detail.link} pill />
          <Told at={row.state_since} className={styles.since ?? ""}>
            {t("deployments.since", { time: formatTime(row.state_since) })}
          </Told>
        </>
      }
      actions={
        <>
          <Button icon={<RefreshCw size={16} />} onPress={() => setAsking("update")}>
            {t("deployments.update")}
          </Button>
          {detail.rollback_to !== null && (
            <Button icon={<Undo2 size={16} />} onPress={() => setAsking("rollback")}>
              {t("deployments.rollback")}
            </Button>
          )}
          {down ? (
            <Button
              variant="primary"
              icon={<Play size={16} />}
              isPending={start.isPending}
              onPress={() => start.mutate({ id: row.id })}
            >
              {t("deployments.start")}
            </Button>
          ) : (
            <Button icon={<Square size={14} />} onPress={() => setAsking("stop")}>
              {t("deployments.stop")}
            </Button>
          )}
          <ActionsMenu
            items={[
              {
                id: "delete",
                label: t("deployments.delete"),
                danger: true,
                onAction: () => setAsking("delete"),
              },
            ]}
          />
        </>
      }
    >
      <div className={styles.notices}>
        {error ? <ErrorBanner error={error} /> : null}
        {start.error && <ErrorBanner error={start.error} />}
        {reconnect.error && <ErrorBanner error={reconnect.error} />}
        {row.stale && (
          <Banner
            kind="notice"
            title={t("deployments.staleTitle", { machine: row.machine })}
            actions={
              <Button
                size="small"
                isPending={reconnect.isPending}
                onPress={() => reconnect.mutate({ id: row.machine_id })}
              >
                {t("runs.reconnect")}
              </Button>
            }
          >
            {row.last_check_at !== null && (
              <p>
                <Told at={row.last_check_at}>
                  {t("deployments.staleLead", { time: formatAgo(row.last_check_at, now) })}
                </Told>
              </p>
            )}
          </Banner>
        )}
        {row.cause && <ErrorBanner error={row.cause} />}
        {row.live_version !== row.version && coming && (
          <Banner
            kind="busy"
            title={
              row.live_version === null
                ? t("deployments.notYet", { wanted: row.version })
                : t("deployments.switching", { live: row.live_version, wanted: row.version })
            }
          />
        )}
      </div>
      <div className={styles.columns}>
        <div>
          <TryIt key={detail.input_example} detail={detail} />
        </div>
        <div>
          <Section title={t("deployments.facts")}>
            <CopyLine text={row.endpoint} label={t("deployments.col.endpoint")} />
            <p className={`${styles.note} clamp`}>
              {t("deployments.endpointLead", { machine: row.machine })}
            </p>
            <Facts>
              <Fact label={t("deployments.serving")}>
                {row.live_version === null ? (
                  <span className="quiet">{t("deployments.notYet", { wanted: row.version })}</span>
                ) : (
                  <Link to={modelPath(row.model, row.live_version)}>
                    {row.model} {row.live_version}
                  </Link>
                )}
              </Fact>
              <Fact label={t("deployments.col.machine")}>
                <Link to={`/machines/${row.machine_id}`}>{row.machine}</Link>
              </Fact>
              <Fact label={t("deployments.col.check")}>
                {row.last_check_at === null ? (
                  t("deployments.neverChecked")
                ) : (
                  <Told at={row.last_check_at}>
                    {t("deployments.checkTook", {
                      time: formatAgo(row.last_check_at, now),
                      ms: row.last_check_ms ?? 0,
                    })}
                  </Told>
                )}
              </Fact>
              <Fact label={t("deployments.bind")}>
                <span className={styles.mono}>
                  {detail.bind}:{detail.port}
                </span>
              </Fact>
              <Fact label={t("deployments.col.digest")}>
                {row.image_digest ? (
                  <Digest digest={row.image_digest} />
                ) : (
                  <span className="quiet">{t("deployments.process")}</span>
                )}
              </Fact>
            </Facts>
          </Section>
          <Section title={t("deployments.history")}>
            <ol className={styles.history}>
              {detail.revisions.map((r) => (
                <RevisionItem key={r.revision} revision={r} />
              ))}
            </ol>
          </Section>
        </div>
      </div>
      <StopDialog row={asking === "stop" ? row : null} onClose={() => setAsking(null)} />
      <DeleteDialog
        row={asking === "delete" ? row : null}
        revisions={detail.revisions.length}
        onClose={() => setAsking(null)}
        onDeleted={() => go("/deployments")}
      />
      <RollbackDialog detail={detail} isOpen={asking === "rollback"} onClose={() => setAsking(null)} />
      {asking === "update" && <UpdateDialog detail={detail} onClose={() => setAsking(null)} />}
    </Page>
  );
}

const OUTCOMES: Record<Revision["outcome"], Kind> = {
  pending: "busy",
  live: "good",
  retired: "idle",
  refused: "bad",
};

function RevisionItem({ revision: r }: { revision: Revision }) {
  return (
    <li data-outcome={r.outcome}>
      <div className={styles.revisionHead}>
        <span className={styles.revisionNumber} title={t("deployments.revision", { n: r.revision })}>
          {r.revision}
        </span>
        <Link to={modelPath(r.model, r.version)}>
          {r.model} {r.version}
        </Link>
        <span className={styles.spring} />
        <StatusWord kind={OUTCOMES[r.outcome]} label={t(`deployments.outcome.${r.outcome}`)} />
      </div>
      <div className={styles.revisionLine}>
        <span>
          {r.by}, <Time at={r.at} relative />
        </span>
        {r.image_digest && <Digest digest={r.image_digest} />}
      </div>
      {r.problem && (
        <details className={styles.why}>
          <summary>
            {t("deployments.why")}: {errorLine(r.problem)}
          </summary>
          <ErrorBanner error={r.problem} />
        </details>
      )}
    </li>
  );
}
