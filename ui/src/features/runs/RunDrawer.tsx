import { ExternalLink } from "lucide-react";
import type { RunRow } from "../../bindings/api";
import { useQueryCommand } from "../../shared/backend";
import { Sparkline, seriesColor, shortValue } from "../../shared/charts";
import {
  AsideSection,
  Button,
  Drawer,
  ErrorBanner,
  Fact,
  Facts,
  Link,
  LinkButton,
  NamedValues,
} from "../../shared/components";
import { formatDuration, useNow } from "../../shared/format";
import { currentLocale, t } from "../../shared/i18n";
import { RunFacts } from "./RunFacts";
import styles from "./runs.module.css";
import { isOver, RunStatus } from "./status";
import { durationOf, metricValue } from "./values";

const SHOWN = 12;

export function RunDrawer(props: {
  row: RunRow | null;
  onClose: () => void;
  onCancel: (row: RunRow) => void;
}) {
  const { row } = props;
  return (
    <Drawer
      title={row?.name ?? ""}
      isOpen={row !== null}
      onClose={props.onClose}
      actions={
        row ? (
          <LinkButton to={`/runs/${row.id}`} size="small" icon={<ExternalLink size={14} />}>
            {t("runs.open")}
          </LinkButton>
        ) : null
      }
    >
      {row ? <Body key={row.id} row={row} onCancel={props.onCancel} /> : null}
    </Drawer>
  );
}

function Body({ row, onCancel }: { row: RunRow; onCancel: (row: RunRow) => void }) {
  const now = useNow(isOver(row) ? 3_600_000 : 1000);
  // The table knows no more of it than it shows.
  const found = useQueryCommand("run_get", { id: row.id });
  const whole = found.data?.row;
  const metrics = whole?.metrics.slice(0, SHOWN) ?? [];
  const keys = metrics.map((m) => m.key);
  const chart = useQueryCommand(
    "run_chart",
    { run_id: row.id, keys, max_points: 60, from_step: null, to_step: null, over: null, smoothed: null },
    { enabled: keys.length > 0, keepPrevious: true },
  );
  const ms = durationOf(row, now);
  return (
    <div className={styles.drawer}>
      <div className={styles.drawerState}>
        <RunStatus row={row} pill />
        {row.machine_id && !isOver(row) && (
          <Button size="small" onPress={() => onCancel(row)}>
            {t("runs.cancel")}
          </Button>
        )}
      </div>
      {row.reason && <ErrorBanner error={row.reason} />}
      <Facts>
        <Fact label={t("runs.col.experiment")}>
          <Link to={`/runs?experiment=${encodeURIComponent(row.experiment)}`}>{row.experiment}</Link>
        </Fact>
        <RunFacts row={row} />
        <Fact label={t("runs.col.duration")}>{ms === null ? "–" : formatDuration(ms)}</Fact>
        {row.user && <Fact label={t("runs.startedBy")}>{row.user}</Fact>}
      </Facts>
      {found.error && <ErrorBanner error={found.error} onRetry={() => void found.refetch()} />}
      {whole && (
        <>
          <AsideSection level={3} title={t("runs.metrics")}>
            <NamedValues
              label={t("runs.metrics")}
              empty={t("runs.noMetrics")}
              align="end"
              values={metrics.map((m) => {
                const series = chart.data?.find((s) => s.key === m.key);
                const value = shortValue(metricValue(m), currentLocale());
                return {
                  key: m.key,
                  value,
                  picture:
                    series && series.values.length > 1 ? (
                      <Sparkline
                        values={series.values.map((v) => v ?? Number.NaN)}
                        label={`${m.key}, ${t("views.chart.last")} ${value}`}
                        color={seriesColor(row.id)}
                      />
                    ) : null,
                };
              })}
            />
          </AsideSection>
          <AsideSection level={3} title={t("runs.params")}>
            <NamedValues label={t("runs.params")} empty={t("runs.noParams")} values={whole.params} />
          </AsideSection>
          {whole.tags.length > 0 && (
            <AsideSection level={3} title={t("runs.tags")}>
              <ul className={styles.chips}>
                {whole.tags.map((tag) => (
                  <li key={tag.key} title={`${tag.key} = ${tag.value}`}>
                    <span>{tag.key}</span> {tag.value}
                  </li>
                ))}
              </ul>
            </AsideSection>
          )}
        </>
      )}
    </div>
  );
}
