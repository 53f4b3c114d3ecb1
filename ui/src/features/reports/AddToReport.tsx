import { useState } from "react";
import type { ChosenRun, Report, ReportContent } from "../../bindings/api";
import { asErrorBody, useBackend, useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  Banner,
  Button,
  Dialog,
  ErrorBanner,
  Segmented,
  Select,
  TextField,
  toast,
  useGo,
} from "../../shared/components";
import { t } from "../../shared/i18n";
import { newBlock, newContent, RUNS, titleOfNew, withRuns } from "./content";
import styles from "./reports.module.css";

const NEW = "\u0000new";

/** Puts runs into a report, a new one or one that is there. */
export function AddToReport(props: {
  /** null while the dialog is closed. */
  runs: readonly ChosenRun[] | null;
  /** Metrics that the page shows, the first ones to draw. */
  metrics: readonly string[];
  onClose: () => void;
}) {
  const { runs } = props;
  return (
    <Dialog
      title={runs === null ? "" : t("reports.addTitle", { n: runs.length })}
      isOpen={runs !== null}
      onOpenChange={(open) => !open && props.onClose()}
      size="small"
    >
      {runs !== null && <Body runs={runs} metrics={props.metrics} onClose={props.onClose} />}
    </Dialog>
  );
}

type As = "runs" | "blocks";

function Body(props: { runs: readonly ChosenRun[]; metrics: readonly string[]; onClose: () => void }) {
  const { metrics } = props;
  const runs = props.runs.slice(0, RUNS);
  const backend = useBackend();
  const go = useGo();
  const all = useQueryCommand("reports_list", null);
  const save = useMutationCommand("report_save");
  const [where, setWhere] = useState(NEW);
  const [title, setTitle] = useState(() => titleOfNew());
  const [as, setAs] = useState<As>("runs");
  const [pending, setPending] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const report = useQueryCommand("report_get", { id: where }, { enabled: where !== NEW });
  const searches = report.data?.content.runs.kind === "search";

  const added = ({ content }: Report): ReportContent => {
    if (content.runs.kind === "chosen" && as === "runs") {
      return { ...content, runs: { kind: "chosen", runs: withRuns(content.runs.runs, runs) } };
    }
    const like = { metrics, runs: { kind: "chosen" as const, runs } };
    return { ...content, blocks: [...content.blocks, newBlock("chart", like), newBlock("table", like)] };
  };
  const write = async (): Promise<Report> => {
    if (where === NEW) {
      const content = newContent(title.trim(), { kind: "chosen", runs }, metrics);
      return save.mutateAsync({ id: "", revision: 0, content });
    }
    for (let tries = 0; ; tries += 1) {
      const now = await backend.call("report_get", { id: where });
      try {
        return await save.mutateAsync({ id: now.id, revision: now.revision, content: added(now) });
      } catch (error) {
        // Somebody saved in between: these are added to what is there now.
        if (asErrorBody(error).reason !== "report_changed" || tries === 2) throw error;
      }
    }
  };
  const add = async () => {
    setPending(true);
    setFailure(null);
    try {
      const saved = await write();
      toast({
        title: t("reports.added", { title: saved.content.title }),
        action: { label: t("reports.open"), onAction: () => go(`/reports/${saved.id}`) },
      });
      props.onClose();
    } catch (error) {
      setFailure(error);
    } finally {
      setPending(false);
    }
  };
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      {failure ? <ErrorBanner error={failure} /> : null}
      {props.runs.length > RUNS && <Banner kind="notice" title={t("reports.tooManyRuns", { n: RUNS })} />}
      <Select
        label={t("reports.which")}
        value={where}
        onChange={setWhere}
        options={[
          { value: NEW, label: t("reports.newOne") },
          ...(all.data ?? []).map((row) => ({ value: row.id, label: row.title })),
        ]}
      />
      {where === NEW ? (
        <TextField
          label={t("reports.field.title")}
          value={title}
          onChange={(text) => setTitle(text.slice(0, 100))}
          error={title.trim() === "" ? t("reports.titleMissing") : null}
        />
      ) : searches ? (
        <p className="quiet">{t("reports.asSearchOnly")}</p>
      ) : (
        <Segmented<As>
          label={t("reports.as")}
          showLabel
          value={as}
          onChange={setAs}
          options={[
            { value: "runs", label: t("reports.asRuns") },
            { value: "blocks", label: t("reports.asBlocks") },
          ]}
        />
      )}
      <div className={styles.formEnd}>
        <Button onPress={props.onClose}>{t("common.cancel")}</Button>
        <Button
          type="submit"
          variant="primary"
          isPending={pending}
          isDisabled={where === NEW && title.trim() === ""}
        >
          {t("reports.addDo")}
        </Button>
      </div>
    </form>
  );
}
