import { Copy, Download } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { type Backend, useBackend } from "../../shared/backend";
import {
  Banner,
  Button,
  copyText,
  Dialog,
  ErrorBanner,
  Progress,
  Segmented,
  toast,
} from "../../shared/components";
import { formatBytes } from "../../shared/format";
import { t } from "../../shared/i18n";
import { readRuns, type Wanted } from "./readRuns";
import styles from "./runs.module.css";
import { runsCsv } from "./runsCsv";
import { type Kept, leave, runsParquet } from "./runsParquet";

export interface ExportOf {
  readonly wanted: Wanted;
  readonly total: number;
}

/** The runs of a search as a file: read part by part, so that it can be seen going on, and left. */
export function ExportRuns(props: {
  /** What to export; null while the dialog is closed. */
  of: ExportOf | null;
  /** Ids of the columns that the table shows. */
  columns: readonly string[];
  onClose: () => void;
}) {
  return (
    <Dialog
      title={props.of === null ? "" : t("runTable.export.title", { n: props.of.total })}
      isOpen={props.of !== null}
      onOpenChange={(open) => !open && props.onClose()}
      size="small"
    >
      {props.of !== null && <Body of={props.of} columns={props.columns} onClose={props.onClose} />}
    </Dialog>
  );
}

/** The runs as comma-separated values, read part by part. */
async function readCsv(
  backend: Backend,
  wanted: Wanted,
  columns: readonly string[] | null,
  signal: AbortSignal,
  tell: (done: number, total: number) => void,
): Promise<Blob> {
  const csv = runsCsv(columns);
  let done = 0;
  for await (const part of readRuns(backend, wanted, Number.POSITIVE_INFINITY, signal, columns ?? [])) {
    csv.add(part.rows);
    done += part.rows.length;
    tell(done, part.total);
  }
  return csv.file();
}

type State =
  | { at: "choice" }
  | { at: "reading"; done: number; total: number }
  | { at: "ready"; file: Blob | Kept; done: number; total: number }
  | { at: "failed"; error: unknown };

function Body({ of, columns, onClose }: { of: ExportOf; columns: readonly string[]; onClose: () => void }) {
  const backend = useBackend();
  const [format, setFormat] = useState<"csv" | "parquet">("csv");
  const [scope, setScope] = useState<"table" | "all">("table");
  const [state, setState] = useState<State>({ at: "choice" });
  const [failure, setFailure] = useState<unknown>(null);
  const going = useRef<AbortController>(null);
  useEffect(() => () => going.current?.abort(), []);
  const kept = state.at === "ready" && !(state.file instanceof Blob) ? state.file.id : null;
  useEffect(() => {
    if (kept === null) return;
    return () => void leave(backend, kept);
  }, [kept, backend]);

  const read = async () => {
    going.current?.abort();
    const controller = new AbortController();
    going.current = controller;
    const { signal } = controller;
    const chosen = scope === "all" ? null : columns;
    let done = 0;
    let total = of.total;
    const tell = (nowDone: number, nowTotal: number) => {
      done = nowDone;
      total = nowTotal;
      if (!signal.aborted) setState({ at: "reading", done, total });
    };
    tell(done, total);
    try {
      const file =
        format === "csv"
          ? await readCsv(backend, of.wanted, chosen, signal, tell)
          : await runsParquet(backend, of.wanted, chosen, signal, tell);
      if (!signal.aborted) setState({ at: "ready", file, done, total });
      else if (!(file instanceof Blob)) await leave(backend, file.id);
    } catch (error) {
      if (!controller.signal.aborted) setState({ at: "failed", error });
    }
  };
  const name = `runs-${new Date().toISOString().slice(0, 10)}.${format}`;
  const save = async (file: Blob | Kept) => {
    setFailure(null);
    try {
      const place =
        file instanceof Blob ? await backend.saveFile(name, file) : await backend.saveExport(name, file.id);
      if (place === null) return;
      toast({ title: t("files.saved", { place }) });
      onClose();
    } catch (error) {
      setFailure(error);
    }
  };
  const copy = async (file: Blob) => {
    const done = await copyText(await file.text());
    toast(done ? { title: t("common.copied") } : { kind: "notice", title: t("runTable.notCopied") });
    if (done) onClose();
  };

  if (state.at === "reading") {
    return (
      <Progress
        label={t("runTable.export.doing")}
        done={state.done}
        total={state.total}
        onCancel={() => {
          going.current?.abort();
          setState({ at: "choice" });
        }}
      />
    );
  }
  if (state.at === "ready") {
    const { file } = state;
    return (
      <div className={styles.viewForm}>
        {failure ? <ErrorBanner error={failure} /> : null}
        <Banner
          kind={state.done < state.total ? "notice" : "good"}
          title={t("runTable.export.ready", { n: state.done, size: formatBytes(state.file.size) })}
        >
          {state.done < state.total && t("runTable.export.less", { n: state.done, total: state.total })}
        </Banner>
        <div className={styles.formEnd}>
          {file instanceof Blob && (
            <Button icon={<Copy size={16} />} onPress={() => void copy(file)}>
              {t("runTable.export.copy")}
            </Button>
          )}
          <Button variant="primary" icon={<Download size={16} />} onPress={() => void save(file)}>
            {t("runTable.export.save")}
          </Button>
        </div>
      </div>
    );
  }
  return (
    <div className={styles.viewForm}>
      {state.at === "failed" && <ErrorBanner error={state.error} />}
      <Segmented
        label={t("runTable.export.format")}
        showLabel
        value={format}
        onChange={setFormat}
        options={[
          { value: "csv", label: "CSV" },
          { value: "parquet", label: "Parquet" },
        ]}
      />
      <p className="quiet">
        {t(format === "csv" ? "runTable.export.csvLead" : "runTable.export.parquetLead")}
      </p>
      <Segmented
        label={t("runTable.export.columns")}
        showLabel
        value={scope}
        onChange={setScope}
        options={[
          { value: "table", label: t("runTable.export.table") },
          { value: "all", label: t("runTable.export.all") },
        ]}
      />
      <p className="quiet">{t(scope === "all" ? "runTable.export.allLead" : "runTable.export.tableLead")}</p>
      <div className={styles.formEnd}>
        <Button onPress={onClose}>{t("common.cancel")}</Button>
        <Button variant="primary" onPress={() => void read()}>
          {t("runTable.export.read")}
        </Button>
      </div>
    </div>
  );
}
