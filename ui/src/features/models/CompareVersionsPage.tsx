import { useParams, useSearch } from "@tanstack/react-router";
import { Equal } from "lucide-react";
import { useMemo, useState } from "react";
import type { VersionDetail } from "../../bindings/api";
import { useQueryCommand } from "../../shared/backend";
import { shortValue } from "../../shared/charts";
import {
  EmptyState,
  ErrorBanner,
  Link,
  LoadingShape,
  Page,
  Select,
  Switch,
  useGo,
} from "../../shared/components";
import { currentLocale, t } from "../../shared/i18n";
import { deltaOf } from "../compare/Differences";
import { metricValue } from "../runs/values";
import { kindWords } from "./Evidence";
import { modelPath } from "./ModelsPage";
import styles from "./models.module.css";

const GROUPS = ["metric", "param", "signature", "tag", "lineage", "file"] as const;
type Group = (typeof GROUPS)[number];

interface Line {
  readonly group: Group;
  readonly key: string;
  /** Exact; null where a version has none. */
  readonly left: string | null;
  readonly right: string | null;
  readonly numbers?: readonly [number | undefined, number | undefined];
}

const shortDigest = (digest: string) => digest.replace(/^sha256:/, "").slice(0, 16);

/** What is known of a version, by group and name. */
function factsOf(detail: VersionDetail): Record<Group, Map<string, string>> {
  const pairs = (list: readonly { key: string; value: string }[]) =>
    new Map(list.map(({ key, value }) => [key, value]));
  const signature = new Map<string, string>();
  for (const group of ["inputs", "outputs", "params"] as const) {
    detail.signature?.[group].forEach((field, i) => {
      signature.set(
        `${t(`approvals.signature.${group}`)}: ${field.name === "" ? i : field.name}`,
        kindWords(field),
      );
    });
  }
  const { row } = detail;
  const image = detail.images[0] ?? row.image;
  const lineage = new Map(
    [
      [t("models.lineage.run"), row.run ?? row.run_id],
      ...detail.inputs.map((input) => [`${t("models.lineage.data")}: ${input.name}`, input.digest]),
      [t("models.lineage.code"), detail.project_hash],
      [t("models.lineage.image"), image?.digest],
    ].filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
  return {
    metric: new Map(row.metrics.map((m) => [m.key, String(metricValue(m))])),
    param: pairs(detail.params),
    signature,
    tag: pairs(row.tags),
    lineage,
    file: new Map(detail.files.map((file) => [file.path, file.sha256])),
  };
}

function linesOf(left: VersionDetail, right: VersionDetail): Line[] {
  const [a, b] = [factsOf(left), factsOf(right)];
  const number = (detail: VersionDetail, key: string) =>
    metricValue(detail.row.metrics.find((m) => m.key === key));
  return GROUPS.flatMap((group) =>
    [...new Set([...a[group].keys(), ...b[group].keys()])].sort().map((key) => ({
      group,
      key,
      left: a[group].get(key) ?? null,
      right: b[group].get(key) ?? null,
      ...(group === "metric" ? { numbers: [number(left, key), number(right, key)] as const } : {}),
    })),
  );
}

/** Two versions of a model beside each other; what is the same stays away until it is asked for. */
export function CompareVersionsPage() {
  const { name = "" } = useParams({ strict: false }) as { name?: string };
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const go = useGo();
  const model = useQueryCommand("model_get", { name });
  const versions = model.data?.versions.map((v) => v.version) ?? [];
  const wanted = (value: unknown, fallback: number | undefined) =>
    versions.includes(Number(value)) ? Number(value) : (fallback ?? 0);
  const right = wanted(search.b, versions[0]);
  const left = wanted(
    search.a,
    versions.find((v) => v !== right),
  );
  const choose = (a: number, b: number) => go(`${modelPath(name)}/compare?a=${a}&b=${b}`, { replace: true });
  const options = versions.map((v) => ({ value: String(v), label: t("models.version", { n: v }) }));
  const error = model.error;
  const [only, setOnly] = useState(true);
  return (
    <Page
      title={t("approvals.compare")}
      breadcrumbs={[
        { label: t("models.title"), to: "/models" },
        { label: name, to: modelPath(name) },
      ]}
      fill
    >
      {error ? (
        <div className={styles.banner}>
          <ErrorBanner error={error} onRetry={() => void model.refetch()} />
        </div>
      ) : !model.data ? (
        <LoadingShape />
      ) : versions.length < 2 ? (
        <EmptyState icon={Equal} title={t("approvals.compare.one")} />
      ) : (
        <>
          <div className={styles.compareBar}>
            <Select
              label={t("approvals.compare.left")}
              value={String(left)}
              onChange={(v) => choose(Number(v), right)}
              options={options}
            />
            <Select
              label={t("approvals.compare.right")}
              value={String(right)}
              onChange={(v) => choose(left, Number(v))}
              options={options}
            />
            <Switch isSelected={only} onChange={setOnly}>
              {t("approvals.compare.only")}
            </Switch>
          </div>
          <Compared name={name} left={left} right={right} only={only} />
        </>
      )}
    </Page>
  );
}

function Compared(props: { name: string; left: number; right: number; only: boolean }) {
  const { name, left, right, only } = props;
  const a = useQueryCommand("version_get", { name, version: left }, { keepPrevious: true });
  const b = useQueryCommand("version_get", { name, version: right }, { keepPrevious: true });
  const all = useMemo(() => (a.data && b.data ? linesOf(a.data, b.data) : null), [a.data, b.data]);
  const error = a.error ?? b.error;
  if (error)
    return (
      <div className={styles.banner}>
        <ErrorBanner
          error={error}
          onRetry={() => {
            void a.refetch();
            void b.refetch();
          }}
        />
      </div>
    );
  if (!all) return <LoadingShape />;
  const lines = only ? all.filter((line) => line.left !== line.right) : all;
  return (
    <>
      {lines.length === 0 ? (
        <EmptyState icon={Equal} title={t("approvals.compare.same")} lead={t("approvals.compare.sameLead")} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a long table scrolls, also by keyboard
        <section className={styles.compareScroll} tabIndex={0} aria-label={t("approvals.compare")}>
          <table className={styles.compareTable}>
            <thead>
              <tr>
                <th scope="col">{t("approvals.compare.key")}</th>
                {[left, right].map((version, i) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a side is its place
                  <th key={i} scope="col">
                    <Link to={modelPath(name, version)}>{t("models.version", { n: version })}</Link>
                  </th>
                ))}
              </tr>
            </thead>
            {GROUPS.map((group) => {
              const of = lines.filter((line) => line.group === group);
              if (of.length === 0) return null;
              return (
                <tbody key={group}>
                  <tr>
                    <th scope="rowgroup" colSpan={3} className={styles.compareGroup}>
                      {t(`approvals.compare.group.${group}`)}
                    </th>
                  </tr>
                  {of.map((line) => (
                    <tr key={line.key} data-differs={line.left !== line.right || undefined}>
                      <th scope="row" title={line.key}>
                        <bdi>{line.key}</bdi>
                      </th>
                      <Side line={line} value={line.left} number={line.numbers?.[0]} />
                      <Side
                        line={line}
                        value={line.right}
                        number={line.numbers?.[1]}
                        delta={line.numbers ? deltaOf(line.numbers[1], line.numbers[0]) : null}
                      />
                    </tr>
                  ))}
                </tbody>
              );
            })}
          </table>
        </section>
      )}
    </>
  );
}

function Side(props: {
  line: Line;
  value: string | null;
  number?: number | undefined;
  delta?: string | null;
}) {
  const { line, value } = props;
  if (value === null)
    return (
      <td>
        <span className="quiet">–</span>
      </td>
    );
  if (line.numbers)
    return (
      <td title={value} data-number>
        {shortValue(props.number, currentLocale())}
        {props.delta && line.left !== line.right && <small>{props.delta}</small>}
      </td>
    );
  const digest = line.group === "file" || /^sha256:/.test(value);
  return (
    <td title={value}>
      {digest ? <code className={styles.digest}>{shortDigest(value)}</code> : <bdi>{value}</bdi>}
    </td>
  );
}
