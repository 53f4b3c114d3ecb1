import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDownToLine, ChevronDown, ChevronUp, Copy, WrapText } from "lucide-react";
import { Fragment, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ToggleButton } from "react-aria-components";
import { IconButton } from "../components";
import { formatBytes, formatExactTime } from "../format";
import { t } from "../i18n";
import styles from "./logview.module.css";
import { type LogLine, matches, plain } from "./text";
import { usePages } from "./pages";

/** A log that is read in windows. Lines are numbered from 0. */
export interface LogSource {
  readonly total: number;
  readonly fetch: (from: number, limit: number) => Promise<readonly LogLine[]>;
  readonly search: (text: string) => Promise<readonly number[]>;
}

export interface LogViewProps {
  readonly label?: string;
  readonly lines?: readonly LogLine[];
  readonly source?: LogSource;
  /** More may come. */
  readonly live?: boolean;
}

/** Characters of one line that are put on the page before a person asks for the rest. */
const SHOWN = 4000;
const LINE = 20;
const COPY_LIMIT = 20_000;

const none: readonly LogLine[] = [];

export function LogView(props: LogViewProps) {
  const { source, live = false } = props;
  const given = props.lines ?? none;
  const label = props.label ?? t("views.log.label");
  const total = source ? source.total : given.length;
  const pages = usePages(source);
  const lineAt = (index: number) => (source ? pages.lineAt(index) : given[index]);

  const scroller = useRef<HTMLDivElement>(null);
  const [follow, setFollow] = useState(live);
  const [wrap, setWrap] = useState(() => read("skerry.log.wrap") === "1");
  const [whole, setWhole] = useState<ReadonlySet<number>>(new Set());
  const [query, setQuery] = useState("");
  const [found, setFound] = useState<{ query: string; lines: readonly number[] }>({ query: "", lines: [] });
  const [at, setAt] = useState(0);
  const [said, setSaid] = useState("");

  const virtualizer = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    overscan: 20,
  });
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items[items.length - 1]?.index ?? 0;
  const { want } = pages;
  useEffect(() => {
    if (source && total > 0) want(first, Math.min(last, total - 1));
  }, [source, want, first, last, total]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: measured again when the wrapping changes
  useEffect(() => virtualizer.measure(), [wrap]);
  useEffect(() => {
    if (follow && total > 0) virtualizer.scrollToIndex(total - 1, { align: "end" });
  }, [follow, total, virtualizer]);

  const search = useCallback(
    async (text: string): Promise<readonly number[]> => {
      if (text === "") return [];
      if (source) return source.search(text);
      return given.flatMap((line, i) => (matches(plain(line.text), text).length > 0 ? [i] : []));
    },
    [source, given],
  );

  const goTo = (lines: readonly number[], index: number) => {
    const line = lines[index];
    if (line === undefined) return;
    setFollow(false);
    setAt(index);
    virtualizer.scrollToIndex(line, { align: "center" });
  };

  const onQuery = (text: string) => {
    setQuery(text);
    if (text === "") {
      setFound({ query: "", lines: [] });
      return;
    }
    void search(text).then(
      (lines) => {
        setFound({ query: text, lines });
        goTo(lines, 0);
      },
      () => setFound({ query: text, lines: [] }),
    );
  };
  // An answer to an older question does not count.
  const current = found.query === query ? found.lines : null;

  const move = (by: number) => {
    if (!current || current.length === 0) return;
    goTo(current, (at + by + current.length) % current.length);
  };

  const copy = async () => {
    const from = Math.max(0, total - COPY_LIMIT);
    let lines: readonly LogLine[] = given.slice(from);
    if (source) {
      const parts: LogLine[] = [];
      for (let next = from; next < total; next += 2000) {
        const part = await source.fetch(next, 2000);
        if (part.length === 0) break;
        parts.push(...part);
      }
      lines = parts;
    }
    await navigator.clipboard.writeText(
      lines.map((line) => plain(line.text) + (line.continues ? "" : "\n")).join(""),
    );
    setSaid(t("views.log.copied", { n: lines.length }));
  };

  const digits = Math.max(3, String(total).length);
  const hits = useMemo(() => new Set(current ?? []), [current]);

  return (
    <section className={styles.view} aria-label={label}>
      <div className={styles.bar}>
        <input
          type="search"
          className={styles.search}
          aria-label={t("views.log.search")}
          placeholder={t("views.log.search")}
          value={query}
          onChange={(e) => onQuery(e.target.value)}
          onKeyDown={(e) => {
            if (e.key === "Enter") {
              e.preventDefault();
              move(e.shiftKey ? -1 : 1);
            } else if (e.key === "Escape" && query !== "") {
              e.stopPropagation();
              onQuery("");
            }
          }}
        />
        <span role="status" className={styles.count}>
          {query !== "" && current !== null
            ? current.length === 0
              ? t("views.log.noMatch")
              : t("views.log.match", { at: at + 1, n: current.length })
            : said}
        </span>
        <IconButton
          size="small"
          label={t("views.log.previous")}
          icon={<ChevronUp size={14} />}
          isDisabled={!current?.length}
          onPress={() => move(-1)}
        />
        <IconButton
          size="small"
          label={t("views.log.next")}
          icon={<ChevronDown size={14} />}
          isDisabled={!current?.length}
          onPress={() => move(1)}
        />
        <span className={styles.spring} />
        <span className={styles.total}>{t("views.log.lines", { n: total })}</span>
        <ToggleButton
          className={styles.toggle ?? ""}
          isSelected={wrap}
          onChange={(on) => {
            setWrap(on);
            keep("skerry.log.wrap", on ? "1" : "0");
          }}
        >
          <WrapText size={14} aria-hidden />
          {t("views.log.wrap")}
        </ToggleButton>
        <ToggleButton className={styles.toggle ?? ""} isSelected={follow} onChange={setFollow}>
          <ArrowDownToLine size={14} aria-hidden />
          {t("views.log.follow")}
        </ToggleButton>
        <IconButton
          size="small"
          label={t("views.log.copy")}
          icon={<Copy size={14} />}
          isDisabled={total === 0}
          onPress={() => void copy()}
        />
      </div>
      <div
        ref={scroller}
        className={styles.scroller}
        role="log"
        aria-live="off"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled by keyboard
        tabIndex={0}
        data-wrap={wrap || undefined}
        onWheel={(e) => {
          if (e.deltaY < 0) setFollow(false);
        }}
        onKeyDown={(e) => {
          if (["ArrowUp", "PageUp", "Home"].includes(e.key)) setFollow(false);
          if (e.key === "End") setFollow(live);
        }}
      >
        {total === 0 ? (
          <p className={styles.none}>{live ? t("views.log.empty") : t("views.log.emptyDone")}</p>
        ) : (
          <div className={styles.lines} style={{ height: virtualizer.getTotalSize() }}>
            {items.map((item) => {
              const line = lineAt(item.index);
              return (
                <div
                  key={item.index}
                  data-index={item.index}
                  ref={wrap ? virtualizer.measureElement : undefined}
                  className={styles.line}
                  data-stream={line?.stream}
                  data-hit={hits.has(item.index) || undefined}
                  data-current={current?.[at] === item.index || undefined}
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <span
                    className={styles.number}
                    style={{ width: `${digits + 1}ch` }}
                    title={line?.at ? formatExactTime(line.at) : undefined}
                  >
                    {item.index + 1}
                  </span>
                  <span className={styles.stream}>
                    {line?.stream === "stderr" && (
                      <>
                        <span aria-hidden>err</span>
                        <span className={styles.hidden}>{t("views.log.stderr")}</span>
                      </>
                    )}
                    {line?.stream === "system" && (
                      <>
                        <span aria-hidden>sys</span>
                        <span className={styles.hidden}>{t("views.log.agent")}</span>
                      </>
                    )}
                  </span>
                  <span className={styles.text}>
                    {line ? (
                      <Text
                        line={line}
                        query={query}
                        whole={whole.has(item.index)}
                        onWhole={() => setWhole((now) => new Set(now).add(item.index))}
                      />
                    ) : (
                      <span className={styles.pending}>
                        {pages.failed ? t("views.log.failed") : t("views.log.loading")}
                      </span>
                    )}
                  </span>
                </div>
              );
            })}
          </div>
        )}
      </div>
    </section>
  );
}

function Text(props: { line: LogLine; query: string; whole: boolean; onWhole: () => void }) {
  const all = plain(props.line.text);
  const text = props.whole || all.length <= SHOWN ? all : all.slice(0, SHOWN);
  const rest = all.length - text.length;
  return (
    <>
      {highlighted(text, props.query)}
      {rest > 0 && (
        <button type="button" className={styles.more} onClick={props.onWhole}>
          {t("views.log.more", { size: formatBytes(rest) })}
        </button>
      )}
      {props.line.continues && rest === 0 && <span className={styles.goesOn}>…</span>}
    </>
  );
}

function highlighted(text: string, query: string): ReactNode {
  const spans = matches(text, query);
  if (spans.length === 0) return text;
  const out: ReactNode[] = [];
  let from = 0;
  for (const [start, end] of spans) {
    out.push(
      <Fragment key={`t${start}`}>{text.slice(from, start)}</Fragment>,
      <mark key={start}>{text.slice(start, end)}</mark>,
    );
    from = end;
  }
  out.push(<Fragment key="rest">{text.slice(from)}</Fragment>);
  return out;
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Holds until the window closes.
  }
}
