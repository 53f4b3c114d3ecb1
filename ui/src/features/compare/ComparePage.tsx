import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { FileChartColumn, GitCompareArrows } from "lucide-react";
import { useMemo, useState } from "react";
import type { ChosenRun, Comparison } from "../../bindings/api";
import { asErrorBody, useBackend } from "../../shared/backend";
import { Looks } from "../../shared/charts";
import {
  Banner,
  Button,
  EmptyState,
  ErrorBanner,
  LinkButton,
  LoadingShape,
  Page,
  Tabs,
  useGo,
} from "../../shared/components";
import { shortId } from "../../shared/format";
import { t } from "../../shared/i18n";
import { AddToReport } from "../reports/AddToReport";
import { usePacedNews } from "../runs/usePacedNews";
import { axesOf } from "./axes";
import { CompareCharts } from "./CompareCharts";
import styles from "./compare.module.css";
import { Differences } from "./Differences";
import { KEY, useLinked } from "./linked";
import { Parallel } from "./Parallel";
import { RunList } from "./RunList";
import { Scatter } from "./Scatter";

const LIMIT = 200;
const REST_MS = 2000;
const TABS = ["charts", "differences", "scatter", "parallel"] as const;
type Tab = (typeof TABS)[number];

/** The comparison, without the runs that are not there any more. */
function useComparison(ids: readonly string[]) {
  const backend = useBackend();
  const client = useQueryClient();
  const all = useQuery({
    queryKey: [KEY, "runs", ids],
    queryFn: () => backend.call("runs_compare", { run_ids: [...ids] }),
    enabled: ids.length > 0,
  });
  const oneGone = all.error !== null && asErrorBody(all.error).code === "not_found";
  // One that is gone fails the whole: each is asked for, to compare the others.
  const each = useQueries({
    queries: (oneGone ? ids : []).map((id) => ({
      queryKey: [KEY, "there", id],
      queryFn: () =>
        backend.call("run_get", { id }).then(
          () => true,
          (error: unknown) => {
            if (asErrorBody(error).code === "not_found") return false;
            throw error;
          },
        ),
    })),
  });
  const gone = oneGone ? ids.filter((_, i) => each[i]?.data === false) : [];
  const sure = oneGone && each.every((one) => one.data !== undefined) && gone.length > 0;
  const left = sure ? ids.filter((id) => !gone.includes(id)) : [];
  const rest = useQuery({
    queryKey: [KEY, "runs", left],
    queryFn: () => backend.call("runs_compare", { run_ids: left }),
    enabled: left.length > 0,
  });
  usePacedNews("runs_compare", REST_MS, () =>
    client.invalidateQueries({ queryKey: [KEY] }, { cancelRefetch: false }),
  );
  const failed = each.find((one) => one.error)?.error ?? rest.error ?? (oneGone ? null : all.error);
  return {
    data: oneGone ? rest.data : all.data,
    error: failed,
    retry: () => client.invalidateQueries({ queryKey: [KEY] }),
    gone: sure ? gone : [],
    nothingLeft: sure && left.length === 0,
  };
}

export function ComparePage() {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const go = useGo();
  const text = (key: string) => String(search[key] ?? "");
  const asked = useMemo(
    () => [
      ...new Set(
        String(search.runs ?? "")
          .split(",")
          .filter(Boolean),
      ),
    ],
    [search.runs],
  );
  const ids = useMemo(() => asked.slice(0, LIMIT), [asked]);
  const tab = TABS.find((each) => each === text("tab")) ?? "charts";
  const set = (change: Record<string, string>) => {
    const next = new URLSearchParams();
    const now = { runs: asked.join(","), base: text("base"), tab: text("tab") };
    for (const [key, value] of Object.entries({ ...now, ...change })) if (value) next.set(key, value);
    go(`/compare?${next}`, { replace: true });
  };
  const { data, error, retry, gone, nothingLeft } = useComparison(ids);
  const shown = useMemo(() => data && toldApart(data), [data]);
  const [reporting, setReporting] = useState<readonly ChosenRun[] | null>(null);
  const page = { title: t("compare.title"), breadcrumbs: [{ label: t("runs.title"), to: "/runs" }] };
  const goneBanner = gone.length > 0 && (
    <Banner
      kind="notice"
      title={t("compare.gone", { n: gone.length })}
      actions={
        <Button
          size="small"
          onPress={() => set({ runs: asked.filter((id) => !gone.includes(id)).join(",") })}
        >
          {t("compare.goneRemove")}
        </Button>
      }
    />
  );
  if (ids.length === 0 || nothingLeft) {
    return (
      <Page {...page}>
        {goneBanner}
        <EmptyState
          icon={GitCompareArrows}
          title={t("compare.emptyTitle")}
          lead={t("compare.emptyLead")}
          actions={<LinkButton to="/runs">{t("compare.toRuns")}</LinkButton>}
        />
      </Page>
    );
  }
  return (
    <Page
      {...page}
      fill
      actions={
        data && (
          <Button
            icon={<FileChartColumn size={16} />}
            // The names as they are, without what tells runs of one name apart here.
            onPress={() => setReporting(data.runs.map(({ id, name }) => ({ id, name })))}
          >
            {t("reports.add")}
          </Button>
        )
      }
      state={<span className="quiet">{t("runs.count", { n: ids.length })}</span>}
    >
      <div className={styles.notices}>
        {goneBanner}
        {asked.length > LIMIT && (
          <Banner kind="notice" title={t("compare.tooMany", { n: asked.length, limit: LIMIT })} />
        )}
        {ids.length === 1 && <Banner kind="plain" title={t("compare.alone")} />}
        {data?.more && <Banner kind="plain" title={t("compare.more")} />}
        {error && <ErrorBanner error={error} onRetry={() => void retry()} />}
      </div>
      {shown ? (
        <Compared data={shown} tab={tab} base={text("base")} set={set} />
      ) : (
        !error && (
          <div className={styles.loading}>
            <LoadingShape charts />
          </div>
        )
      )}
      <AddToReport
        runs={reporting}
        metrics={data?.metrics.map((metric) => metric.key) ?? []}
        onClose={() => setReporting(null)}
      />
    </Page>
  );
}

/** Runs of the same name get the end of their id, so that they can be told apart. */
function toldApart(data: Comparison): Comparison {
  const count = (name: string) => data.runs.filter((run) => run.name === name).length;
  return {
    ...data,
    runs: data.runs.map((run) =>
      count(run.name) > 1 ? { ...run, name: `${run.name} · ${shortId(run.id)}` } : run,
    ),
  };
}

function Compared(props: {
  data: Comparison;
  tab: Tab;
  base: string;
  set: (change: Record<string, string>) => void;
}) {
  const { data, set } = props;
  const ids = useMemo(() => data.runs.map((run) => run.id), [data.runs]);
  const linked = useLinked(ids);
  const axes = useMemo(() => axesOf(data), [data]);
  const base = Math.max(0, ids.indexOf(props.base));
  return (
    <Looks ids={ids}>
      <div className={styles.split}>
        <RunList
          runs={data.runs}
          linked={linked}
          base={base}
          onBase={(id) => set({ base: id })}
          onRuns={(next) => set({ runs: next.join(",") })}
        />
        <div className={styles.main}>
          <Tabs<Tab>
            label={t("compare.tabs")}
            value={props.tab}
            onChange={(tab) => set({ tab: tab === "charts" ? "" : tab })}
            tabs={[
              {
                id: "charts",
                label: t("compare.tab.charts"),
                count: data.metrics.length,
                panel: <CompareCharts data={data} linked={linked} />,
              },
              {
                id: "differences",
                label: t("compare.tab.differences"),
                fill: true,
                panel: <Differences data={data} base={base} linked={linked} />,
              },
              {
                id: "scatter",
                label: t("compare.tab.scatter"),
                panel: <Scatter runs={data.runs} axes={axes} linked={linked} />,
              },
              {
                id: "parallel",
                label: t("compare.tab.parallel"),
                panel: <Parallel runs={data.runs} axes={axes} linked={linked} />,
              },
            ]}
          />
        </div>
      </div>
    </Looks>
  );
}
