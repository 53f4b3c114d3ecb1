import { Equal } from "lucide-react";
import { memo, useMemo, useState } from "react";
import type { Comparison, FactGroup } from "../../bindings/api";
import { shortValue, styleColor, useLooks } from "../../shared/charts";
import { CopyButton, EmptyState, ErrorBanner, LoadingShape, Switch } from "../../shared/components";
import { numberFormat } from "../../shared/format";
import { currentLocale, t } from "../../shared/i18n";
import { tsv } from "../../shared/table";
import { BestChoice, type Shown, useBest } from "../runs/bestValues";
import { metricValue } from "../runs/values";
import styles from "./compare.module.css";
import type { Linked } from "./linked";

/** So many cells of a group are drawn before a person asks for more. */
const CELLS = 4000;
const GROUPS = ["metric", "param", "tag", "code", "data", "environment"] as const;
type Group = "metric" | FactGroup;

interface Line {
  readonly key: string;
  readonly differs: boolean;
  /** As text, exact; null where a run has none. */
  readonly values: readonly (string | null)[];
  /** Of metrics only. */
  readonly numbers?: readonly (number | undefined)[];
}

function linesOf(data: Comparison, best: ReturnType<typeof useBest>["best"] | null): Map<Group, Line[]> {
  const groups = new Map<Group, Line[]>(GROUPS.map((group) => [group, []]));
  for (const { key, values } of data.metrics) {
    const numbers = values.map((value, i) =>
      metricValue(best ? best.get(data.runs[i]?.id ?? "")?.get(key) : (value ?? undefined)),
    );
    const texts = numbers.map((n) => (n === undefined ? null : String(n)));
    groups.get("metric")?.push({ key, values: texts, numbers, differs: new Set(texts).size > 1 });
  }
  for (const { group, ...fact } of data.facts) groups.get(group)?.push(fact);
  return groups;
}

/** How far a value is from the baseline's: absolute, and in percent where that means something. */
export function deltaOf(value: number | undefined, base: number | undefined): string | null {
  if (value === undefined || base === undefined || !Number.isFinite(value - base)) return null;
  const delta = value - base;
  const locale = currentLocale();
  const absolute = (delta > 0 ? "+" : delta < 0 ? "−" : "±") + shortValue(Math.abs(delta), locale);
  if (base === 0) return absolute;
  const percent = numberFormat(locale, {
    style: "percent",
    maximumFractionDigits: 1,
    signDisplay: "exceptZero",
  }).format(delta / Math.abs(base));
  // English formats with a hyphen, Swedish with a minus.
  return `${absolute} (${percent.replace("-", "−")})`;
}

export function Differences({ data, base, linked }: { data: Comparison; base: number; linked: Linked }) {
  const [only, setOnly] = useState(true);
  const [shown, setShown] = useState<Shown>("last");
  const ids = useMemo(() => data.runs.map((run) => run.id), [data.runs]);
  const looks = useLooks(ids);
  const { best, pending, error } = useBest(ids, shown);
  const groups = useMemo(
    () =>
      [...linesOf(data, shown === "last" ? null : best)]
        .map(([group, lines]) => [group, only ? lines.filter((line) => line.differs) : lines] as const)
        .filter(([, lines]) => lines.length > 0),
    [data, only, shown, best],
  );
  const text = useMemo(
    () =>
      tsv([
        ["", t("compare.key"), ...data.runs.map((run) => run.name)],
        ...groups.flatMap(([group, lines]) =>
          lines.map((line) => [t(`compare.group.${group}`), line.key, ...line.values.map((v) => v ?? "")]),
        ),
      ]),
    [data.runs, groups],
  );
  return (
    <div className={styles.differences}>
      <div className={styles.bar}>
        <Switch isSelected={only} onChange={setOnly}>
          {t("compare.onlyDifferent")}
        </Switch>
        {data.metrics.length > 0 && <BestChoice shown={shown} onShown={setShown} />}
        <CopyButton text={text} label={t("compare.copy")} withWords />
      </div>
      {error ? (
        <ErrorBanner error={error} />
      ) : pending ? (
        <LoadingShape rows={5} />
      ) : groups.length === 0 ? (
        <EmptyState icon={Equal} title={t("compare.sameTitle")} lead={t("compare.sameLead")} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls, also by keyboard
        <section className={styles.scroll} tabIndex={0} aria-label={t("compare.table")}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{t("compare.key")}</th>
                {data.runs.map((run, i) => (
                  <th
                    key={run.id}
                    scope="col"
                    title={run.name}
                    data-forward={linked.forward.has(run.id) || undefined}
                    onMouseEnter={() => linked.point(run.id)}
                    onMouseLeave={() => linked.point(null)}
                  >
                    <svg width="8" height="8" aria-hidden>
                      <circle cx="4" cy="4" r="4" fill={styleColor(looks.get(run.id))} />
                    </svg>
                    <bdi>{run.name}</bdi>
                    {i === base && <small>{t("compare.baseline")}</small>}
                  </th>
                ))}
              </tr>
            </thead>
            <Lines groups={groups} base={base} runs={data.runs.length} />
          </table>
        </section>
      )}
    </div>
  );
}

const Lines = memo(function Lines(props: {
  groups: readonly (readonly [Group, readonly Line[]])[];
  base: number;
  runs: number;
}) {
  const [more, setMore] = useState<ReadonlySet<Group>>(new Set());
  const most = Math.max(10, Math.floor(CELLS / props.runs));
  return props.groups.map(([group, lines]) => {
    const shown = more.has(group) ? lines : lines.slice(0, most);
    return (
      <tbody key={group}>
        <tr>
          <th scope="rowgroup" colSpan={props.runs + 1} className={styles.groupHead}>
            <span>{t(`compare.group.${group}`)}</span>
          </th>
        </tr>
        {shown.map((line) => (
          <tr key={line.key}>
            <th scope="row" title={line.key}>
              <bdi>{line.key}</bdi>
            </th>
            {line.values.map((value, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its run's place
              <Cell key={i} line={line} at={i} base={props.base} value={value} />
            ))}
          </tr>
        ))}
        {shown.length < lines.length && (
          <tr>
            <td colSpan={props.runs + 1}>
              <button
                type="button"
                className={styles.more}
                onClick={() => setMore(new Set([...more, group]))}
              >
                {t("compare.moreRows", { n: lines.length - shown.length })}
              </button>
            </td>
          </tr>
        )}
      </tbody>
    );
  });
});

function Cell(props: { line: Line; at: number; base: number; value: string | null }) {
  const { line, at, base, value } = props;
  const other = (at !== base && value !== line.values[base]) || undefined;
  if (value === null) return <td data-other={other}>–</td>;
  if (!line.numbers) {
    return (
      <td title={value} data-other={other}>
        <bdi>{value}</bdi>
      </td>
    );
  }
  const delta = at === base ? null : deltaOf(line.numbers[at], line.numbers[base]);
  return (
    <td title={value} data-number>
      {shortValue(line.numbers[at], currentLocale())}
      {delta && <small>{delta}</small>}
    </td>
  );
}
