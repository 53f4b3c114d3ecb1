import { useBlocker } from "@tanstack/react-router";
import { ArrowDown, ArrowUp, ChartSpline, Table2, Trash2, Type } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Report, ReportBlock, ReportContent } from "../../bindings/api";
import { asErrorBody, useMutationCommand } from "../../shared/backend";
import {
  Banner,
  Button,
  ErrorBanner,
  IconButton,
  Page,
  Section,
  StatusPill,
  TextField,
  toast,
  useGo,
} from "../../shared/components";
import { t } from "../../shared/i18n";
import { BlockFields } from "./BlockFields";
import { BlockView } from "./Blocks";
import { type BlockKind, moved, newBlock, sameContent } from "./content";
import { Conflict, LeaveDialog } from "./Conflict";
import { RunsChoice } from "./RunsChoice";
import { useReportRuns } from "./ReportChart";
import styles from "./reports.module.css";

const KINDS = [
  { kind: "text", icon: Type, add: "reports.addText" },
  { kind: "chart", icon: ChartSpline, add: "reports.addChart" },
  { kind: "table", icon: Table2, add: "reports.addTable" },
] as const satisfies readonly { kind: BlockKind; icon: typeof Type; add: string }[];

/** A report being written. What is on screen is saved when the person says so. */
export function Editor(props: {
  /** As it was when editing began; a new one has no id. */
  base: Pick<Report, "id" | "revision" | "content">;
  /** What somebody else saved since. */
  theirs: Report | null;
  /** Somebody deleted it since. */
  gone: boolean;
  onBase: (report: Report) => void;
}) {
  const { base, theirs } = props;
  const go = useGo();
  const save = useMutationCommand("report_save");
  const [content, setContent] = useState<ReportContent>(base.content);
  const [failure, setFailure] = useState<unknown>(null);
  const set = useReportRuns(content.runs);
  const isNew = base.id === "";
  const changed = !sameContent(content, base.content);
  // Read when the person leaves: what was just saved is not lost.
  const dirty = useRef(changed);
  dirty.current = changed;
  const blocker = useBlocker({
    shouldBlockFn: () => dirty.current,
    enableBeforeUnload: () => dirty.current,
    withResolver: true,
  });

  const store = async (how: { id: string; revision: number; content?: ReportContent }) => {
    setFailure(null);
    try {
      const saved = await save.mutateAsync({
        id: how.id,
        revision: how.revision,
        content: how.content ?? content,
      });
      dirty.current = false;
      toast({ title: t("reports.saved") });
      go(`/reports/${saved.id}`, { replace: true });
    } catch (error) {
      // A report that somebody else changed is read again, and the banner says so.
      if (asErrorBody(error).reason !== "report_changed") setFailure(error);
    }
  };
  const keep = () => void store({ id: base.id, revision: base.revision });
  const asNew = () => {
    const title = t("reports.copyOf", { title: content.title }).slice(0, 100);
    void store({ id: "", revision: 0, content: { ...content, title } });
  };
  const saving = useRef(keep);
  saving.current = keep;
  const ready = content.title.trim() !== "" && theirs === null && !props.gone && !save.isPending;
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
      event.preventDefault();
      if (ready) saving.current();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [ready]);

  const change = (part: Partial<ReportContent>) => setContent((now) => ({ ...now, ...part }));
  const titleError = content.title.trim() === "" ? t("reports.titleMissing") : null;
  return (
    <Page
      title={content.title.trim() || t("reports.new")}
      breadcrumbs={[{ label: t("reports.title"), to: "/reports" }]}
      state={
        changed || isNew ? (
          <StatusPill kind="notice" label={t("reports.unsaved")} />
        ) : (
          <StatusPill kind="idle" label={t("reports.editing")} />
        )
      }
      actions={
        <>
          <Button onPress={() => go(isNew ? "/reports" : `/reports/${base.id}`)}>{t("common.cancel")}</Button>
          <Button variant="primary" isDisabled={!ready} isPending={save.isPending} onPress={keep}>
            {t("reports.save")}
          </Button>
        </>
      }
    >
      <div className={styles.edit}>
        {failure ? <ErrorBanner error={failure} /> : null}
        {theirs && (
          <Conflict
            theirs={theirs}
            onCopy={asNew}
            onReplace={() => store({ id: base.id, revision: theirs.revision })}
          />
        )}
        {props.gone && (
          <Banner
            kind="bad"
            title={t("reports.deletedMeanwhile")}
            actions={
              <Button size="small" variant="primary" onPress={() => void store({ id: "", revision: 0 })}>
                {t("reports.saveAsNew")}
              </Button>
            }
          >
            {t("reports.deletedMeanwhileLead")}
          </Banner>
        )}
        <TextField
          label={t("reports.field.title")}
          value={content.title}
          onChange={(title) => change({ title: title.slice(0, 100) })}
          error={titleError}
          autoFocus={isNew}
        />
        <Section title={t("reports.runsOfReport")} lead={t("reports.runsLead")}>
          <RunsChoice value={content.runs} onChange={(runs) => change({ runs })} />
        </Section>
        <Parts
          content={content}
          metrics={set.data?.metric_keys ?? []}
          onBlocks={(blocks) => change({ blocks })}
        />
      </div>
      <LeaveDialog
        isOpen={blocker.status === "blocked"}
        onStay={() => blocker.reset?.()}
        onLeave={() => blocker.proceed?.()}
      />
    </Page>
  );
}

function Parts(props: {
  content: ReportContent;
  metrics: readonly string[];
  onBlocks: (blocks: ReportBlock[]) => void;
}) {
  const { content, onBlocks } = props;
  const { blocks } = content;
  const list = useRef<HTMLOListElement>(null);
  const [focus, setFocus] = useState<{ id: string; on: string } | null>(null);
  const [said, setSaid] = useState("");
  const latest = useRef(blocks);
  latest.current = blocks;
  // A part that moves in the document loses the focus, and a new one is where the person goes on.
  useEffect(() => {
    if (!focus) return;
    const part = list.current?.querySelector(`[data-block="${focus.id}"]`);
    part?.scrollIntoView?.({ block: "nearest" });
    const wanted = part?.querySelector<HTMLElement>(focus.on);
    const able = wanted?.matches(":disabled")
      ? part?.querySelector<HTMLElement>("button:not(:disabled)")
      : wanted;
    able?.focus();
  }, [focus]);
  const move = (id: string, by: number, on: string) => {
    const next = moved(blocks, id, by);
    const to = next.findIndex((block) => block.id === id);
    if (next[to] === blocks[to]) return;
    onBlocks(next);
    setFocus({ id, on });
    setSaid(t("reports.moved", { n: to + 1, total: next.length }));
  };
  const remove = (block: ReportBlock, at: number, name: string) => {
    onBlocks(blocks.filter((each) => each !== block));
    const beside = blocks[at + 1] ?? blocks[at - 1];
    if (beside) setFocus({ id: beside.id, on: "button:not(:disabled)" });
    toast({
      title: t("reports.blockRemoved", { name }),
      action: {
        label: t("reports.undo"),
        onAction: () => {
          const back = [...latest.current];
          back.splice(at, 0, block);
          onBlocks(back);
        },
      },
    });
  };
  const add = (kind: BlockKind) => {
    const block = newBlock(kind, { metrics: props.metrics });
    onBlocks([...blocks, block]);
    setFocus({ id: block.id, on: "textarea, input" });
  };
  const onKeyDown = (event: KeyboardEvent, id: string) => {
    const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    // In a field Alt and an arrow opens its list.
    const within = event.target instanceof Element && event.target.closest("[data-part-bar]");
    if (!event.altKey || by === 0 || !within) return;
    event.preventDefault();
    move(id, by, by < 0 ? "[data-up-box] button" : "[data-down-box] button");
  };
  return (
    <section className={styles.parts} aria-label={t("reports.col.blocks")}>
      <ol ref={list} className={styles.partList}>
        {blocks.map((block, at) => {
          const kind = block.body.kind;
          const name = t("reports.blockName", { n: at + 1, kind: t(`reports.block.${kind}`) });
          const Icon = KINDS.find((each) => each.kind === kind)?.icon ?? Type;
          return (
            <li
              key={block.id}
              data-block={block.id}
              className={styles.card}
              onKeyDown={(event) => onKeyDown(event, block.id)}
            >
              <div className={styles.cardBar} data-part-bar>
                <h2>
                  <Icon size={14} aria-hidden /> {name}
                </h2>
                <span data-up-box>
                  <IconButton
                    size="small"
                    label={t("reports.moveUp", { name })}
                    icon={<ArrowUp size={14} />}
                    isDisabled={at === 0}
                    onPress={() => move(block.id, -1, "[data-up-box] button")}
                  />
                </span>
                <span data-down-box>
                  <IconButton
                    size="small"
                    label={t("reports.moveDown", { name })}
                    icon={<ArrowDown size={14} />}
                    isDisabled={at === blocks.length - 1}
                    onPress={() => move(block.id, 1, "[data-down-box] button")}
                  />
                </span>
                <IconButton
                  size="small"
                  label={t("reports.removeBlock", { name })}
                  icon={<Trash2 size={14} />}
                  onPress={() => remove(block, at, name)}
                />
              </div>
              <div className={styles.cardBody}>
                <BlockFields
                  block={block}
                  content={content}
                  onChange={(next) => onBlocks(blocks.map((each) => (each.id === next.id ? next : each)))}
                />
                {kind !== "text" && (
                  <div className={styles.preview} role="group" aria-label={t("reports.preview")}>
                    <BlockView block={block} content={content} />
                  </div>
                )}
              </div>
            </li>
          );
        })}
      </ol>
      <div className={styles.inline}>
        {KINDS.map(({ kind, icon: Icon, add: label }) => (
          <Button
            key={kind}
            icon={<Icon size={16} />}
            isDisabled={blocks.length >= 100}
            onPress={() => add(kind)}
          >
            {t(label)}
          </Button>
        ))}
        {blocks.length > 1 && <span className="quiet">{t("reports.moveKeys")}</span>}
      </div>
      <span role="status" className="visually-hidden">
        {said}
      </span>
    </section>
  );
}
