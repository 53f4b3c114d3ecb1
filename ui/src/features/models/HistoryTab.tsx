import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { History } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import type { ModelDetail, RegistryHistoryRow } from "../../bindings/api";
import { useBackend, useQueryCommand } from "../../shared/backend";
import {
  Banner,
  Button,
  CopyButton,
  EmptyState,
  ErrorBanner,
  Link,
  LinkButton,
  Spinner,
  StatusPill,
  TextField,
  Time,
} from "../../shared/components";
import { formatNumber, formatTime } from "../../shared/format";
import { t } from "../../shared/i18n";
import { type Column, DataTable } from "../../shared/table";
import { AliasOnDay } from "./AliasOnDay";
import { breakWords, eventWords, whoWords } from "./historyWords";
import { modelPath } from "./ModelsPage";
import styles from "./models.module.css";

/** Entries of one call. */
const PAGE = 200;

/** Who changed what and when, whether that can be trusted, and what an alias stood for on a day. */
export function HistoryTab({ model, version }: { model: ModelDetail; version: number | null }) {
  const { name } = model.row;
  const backend = useBackend();
  const query = useInfiniteQuery({
    queryKey: ["registry_history", { name, version }],
    queryFn: ({ pageParam }) =>
      backend.call("registry_history", { name, version, before: pageParam, limit: PAGE }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => (page.length < PAGE ? null : page.at(-1)?.seq),
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => query.data?.pages.flat() ?? [], [query.data]);
  const foot = useRef<HTMLDivElement>(null);
  const readOlder = async () => {
    const { hasNextPage, isError } = await query.fetchNextPage();
    // The button goes with the last of them.
    if (!hasNextPage && !isError) foot.current?.focus();
  };
  const columns = useMemo<Column<RegistryHistoryRow>[]>(
    () => [
      {
        id: "seq",
        header: t("history.number"),
        text: (r) => String(r.seq),
        sort: (r) => r.seq,
        width: 72,
        align: "end",
      },
      {
        id: "at",
        header: t("history.when"),
        text: (r) => formatTime(r.at),
        cell: (r) => <Time at={r.at} />,
        sort: (r) => r.at,
        width: 184,
      },
      {
        id: "who",
        header: t("history.who"),
        text: whoWords,
        cell: (r) =>
          r.via === "script" && r.who !== "" ? <Link to={`/runs/${r.who}`}>{whoWords(r)}</Link> : whoWords(r),
        width: 208,
      },
      { id: "what", header: t("history.what"), text: eventWords, width: 320 },
      { id: "why", header: t("history.why"), text: (r) => r.reason ?? "", width: 280 },
      {
        id: "hash",
        header: t("history.hash"),
        text: (r) => r.hash,
        cell: (r) => (
          <code className={styles.digest} title={r.hash}>
            {r.hash.slice(0, 12)}
          </code>
        ),
        sort: null,
        width: 128,
      },
    ],
    [],
  );
  return (
    <div className={styles.history}>
      <div className={styles.historyHead}>
        <Verification />
        <AliasOnDay model={model} />
      </div>
      {version !== null && (
        <div className={styles.toolbar}>
          <strong>{t("history.ofVersion", { n: version })}</strong>
          <LinkButton size="small" variant="quiet" to={`${modelPath(name)}?tab=history`}>
            {t("history.all")}
          </LinkButton>
        </div>
      )}
      {query.error ? (
        <div className={styles.banner}>
          <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />
        </div>
      ) : null}
      <div className={styles.list}>
        <DataTable
          id="model-history"
          label={t("history.title")}
          rows={rows}
          rowKey={(r) => String(r.seq)}
          columns={columns}
          sort={{ id: "seq", desc: true }}
          loading={query.isPending}
          noun={(n) => t(query.hasNextPage ? "history.newest" : "history.count", { n })}
          empty={query.error ? null : <EmptyState icon={History} title={t("history.none")} />}
        />
      </div>
      {rows.length >= PAGE && (
        <div className={styles.historyFoot} ref={foot} tabIndex={-1} role="status">
          {query.hasNextPage ? (
            <Button
              size="small"
              variant="quiet"
              isPending={query.isFetchingNextPage}
              onPress={() => void readOlder()}
            >
              {t("history.older")}
            </Button>
          ) : (
            <span className="quiet">{t("history.toBeginning")}</span>
          )}
        </div>
      )}
    </div>
  );
}

/** Whether the chain is whole; a hash that was noted earlier can be looked for. */
function Verification() {
  const [typed, setTyped] = useState("");
  const [noted, setNoted] = useState<string | null>(null);
  const query = useQueryCommand("registry_verify", { noted }, { keepPrevious: true });
  const text = typed.trim().toLowerCase();
  const wrong = text === "" || /^[0-9a-f]{64}$/.test(text) ? null : t("history.notedBad");
  const found = query.data;
  return (
    <section className={styles.verification} aria-label={t("history.title")}>
      {query.error ? (
        <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />
      ) : !found ? (
        <Spinner label={t("history.checking")} />
      ) : found.problem ? (
        <Banner kind="bad" title={t("history.broken")}>
          <p>{breakWords(found.problem)}</p>
        </Banner>
      ) : (
        <div className={styles.verified} role="status">
          <StatusPill kind="good" label={t("history.whole", { n: found.entries })} />
          {found.noted !== null && <span>{t("history.notedFound", { seq: formatNumber(found.noted) })}</span>}
        </div>
      )}
      <p className="quiet">{t("history.wholeLead")}</p>
      {found && (
        <div className={styles.lastHash}>
          <span className="quiet">{t("history.last")}</span>
          <code className={styles.digest} title={found.end}>
            {found.end.slice(0, 16)}…
          </code>
          <CopyButton text={found.end} label={t("history.last")} />
        </div>
      )}
      <form
        className={styles.inline}
        onSubmit={(e) => {
          e.preventDefault();
          if (wrong === null) setNoted(text === "" ? null : text);
        }}
      >
        <TextField label={t("history.noted")} value={typed} onChange={setTyped} error={wrong} mono />
        <Button type="submit" isPending={query.isFetching} isDisabled={wrong !== null}>
          {t("history.notedCheck")}
        </Button>
      </form>
    </section>
  );
}
