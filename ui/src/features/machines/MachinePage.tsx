import { useParams } from "@tanstack/react-router";
import { Play, RotateCw } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { MachineDetail, MachineFacts } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  ActionsMenu,
  Banner,
  Button,
  Bytes,
  CopyLine,
  ErrorBanner,
  Fact,
  Facts,
  Link,
  LinkButton,
  Loading,
  Mono,
  Page,
  Section,
  Time,
  Told,
} from "../../shared/components";
import { errorLine } from "../../shared/errors/words";
import { formatAgo, formatBytes, formatDuration, formatTime } from "../../shared/format";
import { t } from "../../shared/i18n";
import { Checks } from "./Checks";
import { ForgetDialog, RenameDialog } from "./dialogs";
import { engineWords, LinkStatus } from "./link";
import styles from "./Machines.module.css";

const CLOCK_OK_MS = 2000;

function clockWords(skew: number): string {
  const time = formatDuration(Math.abs(skew));
  if (Math.abs(skew) < CLOCK_OK_MS) return t("machines.fact.clockOk");
  return skew > 0 ? t("machines.fact.clockAhead", { time }) : t("machines.fact.clockBehind", { time });
}

function Disk({ facts }: { facts: MachineFacts }) {
  const free = facts.disk_total_bytes > 0 ? facts.disk_free_bytes / facts.disk_total_bytes : 1;
  return (
    <>
      {t("machines.fact.free", {
        free: formatBytes(facts.disk_free_bytes),
        total: formatBytes(facts.disk_total_bytes),
      })}
      <span className={styles.meter} aria-hidden>
        <i data-low={free < 0.05} style={{ width: `${(1 - free) * 100}%` }} />
      </span>
    </>
  );
}

function LinkTrouble({
  detail,
  reconnect,
  isPending,
}: {
  detail: MachineDetail;
  reconnect: () => void;
  isPending: boolean;
}) {
  const { link, active_runs } = detail.row;
  if (link.state !== "unreachable" && link.state !== "blocked") return null;
  const words = (
    <p>
      {link.last_seen_at ? (
        <Told at={link.last_seen_at}>{t("machines.lastSeen", { time: formatAgo(link.last_seen_at) })}</Told>
      ) : null}{" "}
      {active_runs > 0 ? t("machines.lastKnownRuns", { n: active_runs }) : null}
    </p>
  );
  const again = (
    <Button size="small" icon={<RotateCw size={14} aria-hidden />} isPending={isPending} onPress={reconnect}>
      {t("machines.reconnect")}
    </Button>
  );
  const title =
    link.state === "blocked"
      ? t("machines.blockedTitle")
      : t("machines.unreachableTitle", { time: formatTime(link.since) });
  if (link.state === "blocked" && link.problem) {
    return <ErrorBanner title={title} error={link.problem} actions={again} />;
  }
  return (
    <Banner kind="notice" title={title} actions={again}>
      {words}
      {link.problem ? <p>{errorLine(link.problem)}</p> : null}
    </Banner>
  );
}

function Panel(props: { children: ReactNode }) {
  return <div className={styles.panel}>{props.children}</div>;
}

function Body({ detail }: { detail: MachineDetail }) {
  const { row, facts, ssh } = detail;
  const check = useMutationCommand("machine_check");
  const reconnect = useMutationCommand("machine_reconnect");
  const runCheck = () => check.mutate({ id: row.id });
  return (
    <>
      <LinkTrouble
        detail={detail}
        reconnect={() => reconnect.mutate({ id: row.id })}
        isPending={reconnect.isPending}
      />
      {reconnect.error ? <ErrorBanner error={reconnect.error} /> : null}
      <div className={styles.columns}>
        <div>
          <Section title={t("machines.facts")}>
            {facts ? (
              <Panel>
                <Facts>
                  <Fact label={t("machines.fact.os")}>{facts.os}</Fact>
                  <Fact label={t("machines.fact.hostname")}>
                    <Mono>{facts.hostname}</Mono>
                  </Fact>
                  <Fact label={t("machines.fact.cpus")}>
                    {t("machines.fact.cores", { n: facts.cpus, arch: facts.arch })}
                  </Fact>
                  <Fact label={t("machines.fact.memory")}>
                    <Bytes n={facts.memory_bytes} />
                  </Fact>
                  <Fact label={t("machines.fact.disk")}>
                    <Disk facts={facts} />
                  </Fact>
                  <Fact label={t("machines.fact.clock")}>{clockWords(facts.clock_skew_ms)}</Fact>
                  <Fact label={t("machines.fact.engine")}>{engineWords(row.engine)}</Fact>
                  <Fact label={t("machines.fact.agent")}>
                    <Told at={facts.agent_started_at}>
                      {t("machines.fact.agentSince", {
                        version: facts.agent_version,
                        time: formatTime(facts.agent_started_at),
                      })}
                    </Told>
                  </Fact>
                  <Fact label={t("machines.fact.home")}>
                    <Mono>{facts.agent_home}</Mono>
                  </Fact>
                </Facts>
              </Panel>
            ) : (
              <p className="quiet">{t("machines.noFacts")}</p>
            )}
          </Section>
          <Section title={t("machines.connection")}>
            <Panel>
              <Facts>
                <Fact label={t("machines.fact.address")}>
                  <Mono>{row.address}</Mono>
                </Fact>
                {ssh?.jump ? (
                  <Fact label={t("machines.fact.jump")}>
                    <Mono>
                      {ssh.jump.user}@{ssh.jump.host}:{ssh.jump.port}
                    </Mono>
                  </Fact>
                ) : null}
                {detail.login ? (
                  <Fact label={t("machines.fact.login")}>
                    {detail.key_fingerprint ? (
                      <>
                        {t("machines.fact.ownKey")} <Mono>{detail.key_fingerprint}</Mono>
                      </>
                    ) : (
                      <Mono>{detail.login}</Mono>
                    )}
                  </Fact>
                ) : null}
                {detail.host_key_fingerprint ? (
                  <Fact label={t("machines.fact.hostKey")}>
                    <CopyLine text={detail.host_key_fingerprint} />
                  </Fact>
                ) : null}
                <Fact label={t("machines.fact.registered")}>
                  <Time at={row.created_at} />
                </Fact>
              </Facts>
            </Panel>
          </Section>
        </div>
        <div>
          <Section title={t("machines.work")}>
            <Panel>
              <Facts>
                <Fact label={t("nav.runs")}>
                  <Link to={`/runs?machine=${row.id}`}>
                    {t("machines.activeRuns", { n: row.active_runs })}
                  </Link>
                </Fact>
                <Fact label={t("nav.deployments")}>
                  <Link to="/deployments">{t("machines.deployments", { n: row.deployments })}</Link>
                </Fact>
              </Facts>
            </Panel>
          </Section>
          <Section
            title={t("machines.checks")}
            {...(detail.checked_at
              ? {
                  lead: (
                    <Told at={detail.checked_at}>
                      {t("machines.checkedAt", { time: formatAgo(detail.checked_at) })}
                    </Told>
                  ),
                }
              : {})}
            actions={
              <Button
                size="small"
                icon={<RotateCw size={14} aria-hidden />}
                isPending={check.isPending}
                onPress={runCheck}
              >
                {t("machines.checkAll")}
              </Button>
            }
          >
            {check.error ? <ErrorBanner error={check.error} onRetry={runCheck} /> : null}
            {detail.checks.length > 0 ? (
              <Checks checks={detail.checks} />
            ) : (
              <p className="quiet">{t("machines.noChecks")}</p>
            )}
          </Section>
        </div>
      </div>
    </>
  );
}

export function MachinePage() {
  const { machineId = "" } = useParams({ strict: false }) as { machineId?: string };
  const machine = useQueryCommand("machine_get", { id: machineId });
  const [renaming, setRenaming] = useState(false);
  const [forgetting, setForgetting] = useState(false);
  const row = machine.data?.row;
  return (
    <Page
      title={row?.name ?? t("machines.col.name")}
      breadcrumbs={[{ label: t("machines.title"), to: "/machines" }]}
      state={row ? <LinkStatus link={row.link} pill /> : null}
      actions={
        row ? (
          <>
            <LinkButton to={`/runs/new?machine=${row.id}`} icon={<Play size={15} aria-hidden />}>
              {t("machines.newRun")}
            </LinkButton>
            <ActionsMenu
              items={[
                { id: "rename", label: t("machines.rename"), onAction: () => setRenaming(true) },
                {
                  id: "forget",
                  label: t("machines.forget"),
                  danger: true,
                  onAction: () => setForgetting(true),
                },
              ]}
            />
          </>
        ) : null
      }
    >
      <Loading query={machine}>{(detail) => <Body detail={detail} />}</Loading>
      {row ? (
        <>
          <RenameDialog key={`rename-${row.name}`} row={row} isOpen={renaming} onOpenChange={setRenaming} />
          <ForgetDialog row={row} isOpen={forgetting} onOpenChange={setForgetting} />
        </>
      ) : null}
    </Page>
  );
}
