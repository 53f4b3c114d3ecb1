import { useParams, useSearch } from "@tanstack/react-router";
import { Boxes, GitCompareArrows } from "lucide-react";
import { useMemo, useState } from "react";
import type { ModelDetail, VersionRow } from "../../bindings/api";
import { asErrorBody, useQueryCommand } from "../../shared/backend";
import { shortValue } from "../../shared/charts";
import {
  ActionsMenu,
  EmptyState,
  ErrorBanner,
  Link,
  LinkButton,
  Loading,
  Markdown,
  Page,
  Tabs,
  Time,
  useGo,
} from "../../shared/components";
import { formatTime, shortId } from "../../shared/format";
import { currentLocale, t } from "../../shared/i18n";
import { type Column, DataTable } from "../../shared/table";
import { BestChoice, type Shown, useBest } from "../runs/bestValues";
import { hintOf, markOf } from "../runs/metricColumns";
import { metricValue } from "../runs/values";
import { AliasesTab } from "./AliasesTab";
import { ApprovalWord, approvalWords } from "./approval";
import { AliasChip, Digest, TagChips } from "./Chips";
import { DeleteVersionDialog } from "./DeleteVersionDialog";
import { HistoryTab } from "./HistoryTab";
import { DeleteModelDialog, modelPath } from "./ModelsPage";
import styles from "./models.module.css";

const TABS = ["versions", "aliases", "history"] as const;

export function ModelPage() {
  const { name = "" } = useParams({ strict: false }) as { name?: string };
  const query = useQueryCommand("model_get", { name }, { keepPrevious: true });
  const crumbs = [{ label: t("models.title"), to: "/models" }];
  if (!query.data) {
    const gone = query.error && asErrorBody(query.error).code === "not_found";
    return (
      <Page title={name} breadcrumbs={crumbs}>
        {gone ? (
          <EmptyState
            icon={Boxes}
            title={t("models.notFoundTitle")}
            actions={<LinkButton to="/models">{t("models.title")}</LinkButton>}
          />
        ) : (
          <Loading query={query}>{() => null}</Loading>
        )}
      </Page>
    );
  }
  return <Body model={query.data} error={query.error} />;
}

function Body({ model, error }: { model: ModelDetail; error: unknown }) {
  const go = useGo();
  const [deleting, setDeleting] = useState(false);
  const [version, setVersion] = useState<VersionRow | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const { row } = model;
  const metricKeys = useMemo(() => {
    const counts = new Map<string, number>();
    for (const v of model.versions)
      for (const m of v.metrics) counts.set(m.key, (counts.get(m.key) ?? 0) + 1);
    return [...counts]
      .filter(([key]) => !key.startsWith("system/"))
      .sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
      .slice(0, 3)
      .map(([key]) => key);
  }, [model.versions]);
  const [shown, setShown] = useState<Shown>("last");
  const runIds = useMemo(() => [...new Set(model.versions.flatMap((v) => v.run_id ?? []))], [model.versions]);
  const { best, error: notRead } = useBest(runIds, shown);
  const columns = useMemo<Column<VersionRow>[]>(
    () => [
      {
        id: "version",
        header: t("models.col.version"),
        text: (v) => String(v.version),
        sort: (v) => v.version,
        width: 96,
      },
      {
        id: "aliases",
        header: t("models.col.aliases"),
        text: (v) => v.aliases.join(", "),
        cell: (v) => (
          <span className={styles.tags}>
            {v.aliases.map((a) => (
              <AliasChip key={a} alias={a} locked={model.protected.includes(a)} />
            ))}
          </span>
        ),
        width: 184,
      },
      {
        id: "approval",
        header: t("approvals.title"),
        text: (v) => (v.approval.state === "none" ? "" : approvalWords(v.approval).label),
        cell: (v) => <ApprovalWord approval={v.approval} />,
        width: 196,
      },
      ...metricKeys.map((key): Column<VersionRow> => {
        const value = (v: VersionRow) =>
          metricValue(
            shown === "last" ? v.metrics.find((m) => m.key === key) : best.get(v.run_id ?? "")?.get(key),
          );
        const metric = { key, of: shown, step: null };
        const mark = markOf(metric);
        return {
          id: `m:${key}`,
          header: key,
          hint: hintOf(metric),
          ...(mark === "" ? {} : { mark }),
          text: (v) => String(value(v) ?? ""),
          cell: (v) => <span title={String(value(v) ?? "")}>{shortValue(value(v), currentLocale())}</span>,
          sort: value,
          width: shown === "last" ? 92 : 128,
          align: "end",
        };
      }),
      {
        id: "run",
        header: t("models.col.run"),
        text: (v) => v.run ?? "",
        cell: (v) => (v.run_id ? <Link to={`/runs/${v.run_id}`}>{v.run ?? shortId(v.run_id)}</Link> : "–"),
        width: 136,
      },
      {
        id: "image",
        header: t("models.col.image"),
        text: (v) => v.image?.digest ?? "",
        cell: (v) =>
          v.image ? <Digest digest={v.image.digest} /> : <span className="quiet">{t("models.noImage")}</span>,
        width: 116,
      },
      {
        id: "live",
        header: t("models.col.live"),
        text: (v) => v.live_in.join(", "),
        cell: (v) =>
          v.live_in.length > 0 ? v.live_in.join(", ") : <span className="quiet">{t("models.nowhere")}</span>,
        width: 128,
      },
      {
        id: "created",
        header: t("models.col.created"),
        text: (v) => formatTime(v.created_at),
        cell: (v) => <Time at={v.created_at} relative />,
        sort: (v) => v.created_at,
        width: 116,
      },
      { id: "by", header: t("models.col.by"), text: (v) => v.created_by ?? "–", width: 100 },
      {
        id: "tags",
        header: t("models.col.tags"),
        text: (v) => v.tags.map((x) => `${x.key}=${x.value}`).join(", "),
        cell: (v) => <TagChips tags={v.tags} />,
        width: 200,
      },
    ],
    [metricKeys, model.protected, shown, best],
  );
  const tab = TABS.find((each) => each === search.tab) ?? "versions";
  const [one, two] = [...chosen].map(Number).sort((x, y) => x - y);
  const comparePath = `${modelPath(row.name)}/compare${
    chosen.size === 2 ? `?a=${one}&b=${two}` : chosen.size === 1 ? `?b=${one}` : ""
  }`;
  const versions = (
    <>
      {notRead ? (
        <div className={styles.banner}>
          <ErrorBanner error={notRead} />
        </div>
      ) : null}
      {row.versions > 1 && (
        <div className={styles.toolbar}>
          {metricKeys.length > 0 && <BestChoice shown={shown} onShown={setShown} />}
          <LinkButton size="small" icon={<GitCompareArrows size={14} aria-hidden />} to={comparePath}>
            {t("approvals.compare")}
          </LinkButton>
          {chosen.size > 0 && chosen.size !== 2 && (
            <span className="quiet">{t("approvals.compare.two")}</span>
          )}
        </div>
      )}
      <div className={styles.list}>
        <DataTable
          id="model-versions"
          label={t("models.col.versions")}
          rows={model.versions}
          rowKey={(v) => String(v.version)}
          columns={columns}
          sort={{ id: "version", desc: true }}
          {...(row.versions > 1 ? { selected: chosen, onSelected: setChosen } : {})}
          onOpen={(v) => go(modelPath(v.name, v.version))}
          noun={(n) => t("models.versionCount", { n })}
          empty={<EmptyState title={t("models.noVersions")} />}
          actions={(v) => [
            { id: "open", label: t("models.open"), onAction: () => go(modelPath(v.name, v.version)) },
            {
              id: "deploy",
              label: t("models.deploy"),
              onAction: () => go(`/deployments/new?model=${encodeURIComponent(v.name)}&version=${v.version}`),
            },
            { id: "delete", label: t("models.deleteVersion"), danger: true, onAction: () => setVersion(v) },
          ]}
        />
      </div>
    </>
  );
  return (
    <Page
      title={row.name}
      breadcrumbs={[{ label: t("models.title"), to: "/models" }]}
      lead={row.description ? <Markdown text={row.description} /> : null}
      fill
      actions={
        <>
          {row.latest_version !== null && (
            <LinkButton
              variant="primary"
              to={`/deployments/new?model=${encodeURIComponent(row.name)}&version=${row.latest_version}`}
            >
              {t("models.deploy")}
            </LinkButton>
          )}
          <ActionsMenu
            items={[
              { id: "delete", label: t("models.delete"), danger: true, onAction: () => setDeleting(true) },
            ]}
          />
        </>
      }
    >
      {error ? (
        <div className={styles.banner}>
          <ErrorBanner error={error} />
        </div>
      ) : null}
      <Tabs
        label={t("models.tabs")}
        value={tab}
        onChange={(id) =>
          go(id === "versions" ? modelPath(row.name) : `${modelPath(row.name)}?tab=${id}`, { replace: true })
        }
        tabs={[
          {
            id: "versions",
            label: t("models.col.versions"),
            count: row.versions,
            fill: true,
            panel: versions,
          },
          {
            id: "aliases",
            label: t("approvals.aliases"),
            count: new Set([...row.aliases.map((a) => a.alias), ...model.protected]).size,
            fill: true,
            panel: <AliasesTab model={model} />,
          },
          {
            id: "history",
            label: t("history.title"),
            fill: true,
            panel: <HistoryTab model={model} version={Number(search.version) || null} />,
          },
        ]}
      />
      <DeleteModelDialog
        model={deleting ? row : null}
        onClose={() => setDeleting(false)}
        onDeleted={() => go("/models")}
      />
      <DeleteVersionDialog version={version} onClose={() => setVersion(null)} />
    </Page>
  );
}
