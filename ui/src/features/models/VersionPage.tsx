import { useParams } from "@tanstack/react-router";
import { Boxes, Container, Rocket } from "lucide-react";
import { useState } from "react";
import type { VersionDetail } from "../../bindings/api";
import { asErrorBody, useMutationCommand, useQueryCommand } from "../../shared/backend";
import { shortValue } from "../../shared/charts";
import {
  ActionsMenu,
  Aside,
  AsideSection,
  Banner,
  Button,
  CopyLine,
  EditableText,
  EmptyState,
  ErrorBanner,
  Fact,
  Facts,
  Link,
  LinkButton,
  Loading,
  NamedValues,
  Page,
  Section,
  TagList,
  Time,
  Told,
  useGo,
} from "../../shared/components";
import { formatBytes, formatTime } from "../../shared/format";
import { prettyJson } from "../../shared/format/json";
import { currentLocale, t } from "../../shared/i18n";
import { DeploymentStatus } from "../deployments/status";
import { metricValue } from "../runs/values";
import { Aliases } from "./Aliases";
import { ApprovalPill } from "./approval";
import { ApprovalSection } from "./ApprovalSection";
import { ContainerizeDialog } from "./ContainerizeDialog";
import { DeleteVersionDialog } from "./DeleteVersionDialog";
import { FilesSection, SignatureSection } from "./Evidence";
import { Lineage } from "./Lineage";
import { modelPath } from "./ModelsPage";
import styles from "./models.module.css";

export function VersionPage() {
  const params = useParams({ strict: false }) as { name?: string; version?: string };
  const name = params.name ?? "";
  const version = Number(params.version);
  const numbered = Number.isInteger(version) && version > 0;
  const query = useQueryCommand("version_get", { name, version }, { keepPrevious: true, enabled: numbered });
  const crumbs = [
    { label: t("models.title"), to: "/models" },
    { label: name, to: modelPath(name) },
  ];
  if (!query.data) {
    const gone = !numbered || (query.error && asErrorBody(query.error).code === "not_found");
    return (
      <Page title={t("models.version", { n: params.version ?? "" })} breadcrumbs={crumbs}>
        {gone ? (
          <EmptyState
            icon={Boxes}
            title={t("models.noVersionTitle", { n: params.version ?? "" })}
            lead={t("models.noVersionLead")}
            actions={<LinkButton to={modelPath(name)}>{name}</LinkButton>}
          />
        ) : (
          <Loading query={query}>{() => null}</Loading>
        )}
      </Page>
    );
  }
  return <Body key={`${name}/${version}`} detail={query.data} error={query.error} />;
}

function Body({ detail, error }: { detail: VersionDetail; error: unknown }) {
  const { row } = detail;
  const go = useGo();
  const [packing, setPacking] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const describe = useMutationCommand("version_describe", { fresh: true });
  const tagSet = useMutationCommand("version_tag_set", { fresh: true });
  const tagDelete = useMutationCommand("version_tag_delete", { fresh: true });
  const operations = useQueryCommand("operations_list", null);
  const machines = useQueryCommand("machines_list", null);
  // Images are made where the model's files are, by the container engine there.
  const engine = machines.data?.find((m) => m.id === row.machine_id)?.engine?.kind ?? "process";
  const underway = operations.data?.find(
    (o) => o.subject === `${row.name}/${row.version}` && (o.state === "running" || o.state === "waiting"),
  );
  const key = { name: row.name, version: row.version };
  const time = formatTime(row.created_at);
  return (
    <Page
      title={`${row.name} ${row.version}`}
      breadcrumbs={[
        { label: t("models.title"), to: "/models" },
        { label: row.name, to: modelPath(row.name) },
      ]}
      state={
        <span className={styles.state}>
          <ApprovalPill approval={row.approval} />
          <Aliases {...key} aliases={row.aliases} approval={row.approval} />
        </span>
      }
      lead={
        <Told at={row.created_at}>
          {row.created_by
            ? t("models.registered", { time, who: row.created_by })
            : t("models.registeredAt", { time })}
        </Told>
      }
      actions={
        <>
          {engine !== "process" && (
            <Button icon={<Container size={16} />} onPress={() => setPacking(true)}>
              {underway ? t("models.pack.show") : t("models.pack")}
            </Button>
          )}
          <LinkButton
            variant="primary"
            icon={<Rocket size={16} />}
            to={`/deployments/new?model=${encodeURIComponent(row.name)}&version=${row.version}`}
          >
            {t("models.deploy")}
          </LinkButton>
          <ActionsMenu
            items={[
              {
                id: "history",
                label: t("history.title"),
                onAction: () => go(`${modelPath(row.name)}?tab=history&version=${row.version}`),
              },
              {
                id: "compare",
                label: t("approvals.compare"),
                onAction: () => go(`${modelPath(row.name)}/compare?b=${row.version}`),
              },
              {
                id: "delete",
                label: t("models.deleteVersion"),
                danger: true,
                onAction: () => setDeleting(true),
              },
            ]}
          />
        </>
      }
    >
      {error ? <ErrorBanner error={error} /> : null}
      {underway && (
        <div className={styles.underway}>
          <Banner
            kind="busy"
            title={t("models.pack.underway")}
            actions={
              <Button size="small" onPress={() => setPacking(true)}>
                {t("models.pack.show")}
              </Button>
            }
          />
        </div>
      )}
      <Lineage detail={detail} />
      <div className={styles.columns}>
        <div>
          <ApprovalSection {...key} approval={row.approval} />
          <Section title={t("models.description")}>
            <EditableText
              label={t("models.description")}
              empty={t("models.describe")}
              text={row.description || null}
              onSave={(description, known) =>
                describe.mutateAsync({ ...key, description, known: { value: known } })
              }
            />
          </Section>
          <Section
            title={t("models.images")}
            {...(detail.images.length > 0 ? { lead: t("models.imagesLead") } : {})}
          >
            {detail.images.length === 0 ? (
              <p className="quiet">{t("models.noImages")}</p>
            ) : (
              <ul className={styles.images}>
                {detail.images.map((image) => (
                  <li key={image.digest}>
                    <div className={styles.imageHead}>
                      <span className={styles.mono}>{image.reference}</span>
                      <span className="quiet">
                        {formatBytes(image.size)} · <Time at={image.created_at} relative />
                      </span>
                    </div>
                    <CopyLine text={image.digest} label={t("models.digest")} />
                  </li>
                ))}
              </ul>
            )}
          </Section>
          <Section title={t("models.lineage.deployments")}>
            {detail.deployments.length === 0 ? (
              <p className="quiet">{t("models.nowhere")}</p>
            ) : (
              <ul className={styles.deployments}>
                {detail.deployments.map((d) => (
                  <li key={d.id}>
                    <Link to={`/deployments/${d.id}`}>{d.name}</Link>
                    <span className="quiet">{d.machine}</span>
                    <DeploymentStatus row={d} />
                  </li>
                ))}
              </ul>
            )}
          </Section>
          <SignatureSection signature={detail.signature} />
          <FilesSection files={detail.files} />
          <Section title={t("models.example")}>
            {detail.input_example === null ? (
              <p className="quiet">{t("models.noExample")}</p>
            ) : (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled by keyboard
              <pre className={styles.pre} tabIndex={0}>
                {prettyJson(detail.input_example)}
              </pre>
            )}
          </Section>
        </div>
        <Aside label={t("models.about")}>
          <AsideSection title={t("models.metrics")}>
            <NamedValues
              label={t("models.metrics")}
              empty={t("models.none")}
              align="end"
              values={row.metrics.map((m) => ({
                key: m.key,
                value: shortValue(metricValue(m), currentLocale()),
              }))}
            />
          </AsideSection>
          <AsideSection title={t("models.params")}>
            <NamedValues label={t("models.params")} empty={t("models.none")} values={detail.params} />
          </AsideSection>
          <AsideSection title={t("models.col.tags")}>
            <TagList
              tags={row.tags}
              onSet={(k, value, known) =>
                tagSet.mutateAsync({ ...key, key: k, value, known: { value: known } })
              }
              onDelete={(k, known) => tagDelete.mutateAsync({ ...key, key: k, known: { value: known } })}
            />
          </AsideSection>
          <AsideSection title={t("models.files")}>
            <Facts>
              {row.machine && <Fact label={t("models.col.machine")}>{row.machine}</Fact>}
              {detail.artifact_path && row.run_id && (
                <Fact label={t("models.artifactPath")}>
                  <Link to={`/runs/${row.run_id}?tab=artifacts`}>{detail.artifact_path}</Link>
                </Fact>
              )}
            </Facts>
            <p className={styles.source} title={detail.source}>
              {detail.source}
            </p>
          </AsideSection>
        </Aside>
      </div>
      {packing && (
        <ContainerizeDialog detail={detail} operation={underway ?? null} onClose={() => setPacking(false)} />
      )}
      <DeleteVersionDialog
        version={deleting ? key : null}
        onClose={() => setDeleting(false)}
        onDeleted={() => go(modelPath(row.name))}
      />
    </Page>
  );
}
