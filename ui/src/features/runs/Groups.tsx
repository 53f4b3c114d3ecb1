import { Layers, RotateCcw, Search } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import type { RunRow } from "../../bindings/api";
import { asErrorBody, useBackend } from "../../shared/backend";
import { shortValue } from "../../shared/charts";
import { Banner, Button, EmptyState, ErrorBanner, Progress, Segmented } from "../../shared/components";
import { formatNumber, formatTime } from "../../shared/format";
import { currentLocale, t } from "../../shared/i18n";
import { type Column, DataTable, type Sort } from "../../shared/table";
import { columnName, headerOf } from "./columns";
import { AGGREGATES, type AggregateName, type Group, grouping } from "./groups";
import { readRuns, type Wanted } from "./readRuns";
import styles from "./runs.module.css";

/** So many runs are read to be grouped; more are said to be left out. */
export const GROUPED = 10_000;

const BY_VALUE: Sort = { id: "value", desc: false };

interface Read {
  readonly groups: readonly Group[];
  readonly done: number;
  readonly total: number;
  readonly at: number;
}

const nameOf = (group: Group, by: string) =>
  by === "attributes.machine" ? (group.example.machine ?? group.value) : group.value;

/** Runs that share a value as one row each, with what their metrics come to. */
export function Groups(props: {
  wanted: Wanted;
  by: string;
  /** Ids of the metric columns that the table shows. */
  metrics: readonly string[];
  /** Goes to the runs of a group. */
  onOpen: (example: RunRow) => void;
}) {
  const { by, onOpen } = props;
  const backend = useBackend();
  const [aggregate, setAggregate] = useState<AggregateName>("mean");
  const [again, setAgain] = useState(0);
  const [doing, setDoing] = useState<{ done: number; total: number } | null>(null);
  const [read, setRead] = useState<Read | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [stopped, setStopped] = useState<(() => void) | null>(null);
  const identity = JSON.stringify([props.wanted, by, props.metrics]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `identity` stands for what it is made of
  useEffect(() => {
    const controller = new AbortController();
    const sums = grouping(by, props.metrics);
    let done = 0;
    let total = 0;
    const go = async () => {
      setError(null);
      setDoing({ done, total });
      setStopped(() => () => controller.abort());
      try {
        for await (const part of readRuns(backend, props.wanted, GROUPED, controller.signal, props.metrics)) {
          sums.add(part.rows);
          done += part.rows.length;
          total = part.total;
          setDoing({ done, total: Math.min(total, GROUPED) });
        }
        setRead({ groups: sums.groups(), done, total, at: Date.now() });
        setDoing(null);
      } catch (failure) {
        if (!controller.signal.aborted) setError(failure);
        setDoing(null);
      }
    };
    void go();
    return () => {
      controller.abort();
      setRead(null);
    };
  }, [backend, identity, again]);

  const columns = useMemo(() => {
    const name = (group: Group) => nameOf(group, by) ?? t("runTable.group.noValue");
    const list: Column<Group>[] = [
      {
        id: "value",
        header: columnName(by),
        text: name,
        cell: (group) =>
          group.value === null ? (
            <span className="quiet">{name(group)}</span>
          ) : (
            <bdi title={name(group)}>{name(group)}</bdi>
          ),
        sort: (group) => (group.value === null ? null : asNumber(name(group))),
        width: 240,
      },
      {
        id: "runs",
        header: t("runs.title"),
        text: (group) => String(group.runs),
        cell: (group) => formatNumber(group.runs, 9),
        sort: (group) => group.runs,
        width: 88,
        align: "end",
      },
      ...props.metrics.map((id): Column<Group> => {
        const value = (group: Group) => {
          const found = group.metrics.get(id);
          if (aggregate === "count") return found?.count ?? 0;
          const number = found?.[aggregate];
          return number === undefined || Number.isNaN(number) ? undefined : number;
        };
        return {
          ...headerOf(id),
          id,
          text: (group) => String(value(group) ?? ""),
          cell: (group) => (
            <span title={String(value(group) ?? "")}>{shortValue(value(group), currentLocale())}</span>
          ),
          sort: value,
          width: 112,
          align: "end",
        };
      }),
    ];
    return list;
  }, [by, props.metrics, aggregate]);

  // The field of the filter marks the place.
  const unread = error !== null && asErrorBody(error).code === "invalid";
  return (
    <section className={styles.groups} aria-label={t("runTable.group.by", { column: columnName(by) })}>
      <div className={styles.groupBar}>
        <Segmented
          label={t("runTable.group.aggregate")}
          value={aggregate}
          onChange={setAggregate}
          options={AGGREGATES.map((value) => ({ value, label: t(`runTable.group.${value}`) }))}
        />
        <span className="quiet">
          {t(aggregate === "count" ? "runTable.group.leadCount" : "runTable.group.lead")}
        </span>
        <span className={styles.spring} />
        {read !== null && (
          <>
            <span className="quiet" role="status">
              {t("runTable.group.readAt", {
                runs: t("runs.count", { n: read.done }),
                time: formatTime(read.at),
              })}
            </span>
            <Button size="small" icon={<RotateCcw size={14} />} onPress={() => setAgain(again + 1)}>
              {t("runTable.group.again")}
            </Button>
          </>
        )}
      </div>
      {unread && (
        <EmptyState icon={Search} title={t("runs.filterNotRead")} lead={t("runs.filterNotReadLead")} />
      )}
      {error !== null && !unread && (
        <div className={styles.groupNote}>
          <ErrorBanner error={error} onRetry={() => setAgain(again + 1)} />
        </div>
      )}
      {read !== null && read.done < read.total && (
        <div className={styles.groupNote}>
          <Banner
            kind="notice"
            title={t(read.total > GROUPED ? "runTable.group.cut" : "runTable.export.less", {
              n: read.done,
              total: read.total,
            })}
          >
            {read.total > GROUPED && t("runTable.group.cutLead")}
          </Banner>
        </div>
      )}
      {doing !== null && (
        <div className={styles.groupNote}>
          <Progress
            label={t("runTable.export.doing")}
            done={doing.done}
            total={doing.total}
            {...(stopped ? { onCancel: stopped } : {})}
          />
        </div>
      )}
      {doing === null && read === null && error === null && (
        <EmptyState
          icon={Layers}
          title={t("runTable.group.stopped")}
          actions={<Button onPress={() => setAgain(again + 1)}>{t("runTable.group.again")}</Button>}
        />
      )}
      {read !== null && (
        <div className={styles.list}>
          <DataTable
            id="run-groups"
            label={t("runTable.group.table")}
            rows={read.groups}
            rowKey={keyOf}
            columns={columns}
            sort={BY_VALUE}
            noun={(n) => t("runTable.group.groups", { n })}
            onOpen={(group) => onOpen(group.example)}
            actions={(group) => [
              { id: "open", label: t("runTable.group.open"), onAction: () => onOpen(group.example) },
            ]}
          />
        </div>
      )}
    </section>
  );
}

const keyOf = (group: Group) => (group.value === null ? "none" : `=${group.value}`);

/** Values of params are text; those that are numbers stand in the order of numbers. */
function asNumber(value: string): number | string {
  const number = Number(value);
  return value.trim() !== "" && Number.isFinite(number) ? number : value;
}
