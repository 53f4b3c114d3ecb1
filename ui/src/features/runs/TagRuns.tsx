import { useEffect, useRef, useState } from "react";
import { asErrorBody, useBackend } from "../../shared/backend";
import { Button, Dialog, ErrorBanner, Progress, Segmented, TextField, toast } from "../../shared/components";
import { t } from "../../shared/i18n";
import { tagKey, tagValue } from "../../shared/rules";
import { eachOf } from "./readRuns";
import styles from "./runs.module.css";

/** Sets a tag on several runs, or removes it from them. */
export function TagRuns(props: {
  /** The runs; null while the dialog is closed. */
  ids: readonly string[] | null;
  /** Something was changed. */
  onChanged: () => void;
  onClose: () => void;
}) {
  return (
    <Dialog
      title={props.ids === null ? "" : t("runTable.tag.title", { n: props.ids.length })}
      isOpen={props.ids !== null}
      onOpenChange={(open) => !open && props.onClose()}
      size="small"
    >
      {props.ids !== null && <Body ids={props.ids} onChanged={props.onChanged} onClose={props.onClose} />}
    </Dialog>
  );
}

interface Failed {
  readonly ids: readonly string[];
  readonly error: unknown;
}

function Body({
  ids,
  onChanged,
  onClose,
}: {
  ids: readonly string[];
  onChanged: () => void;
  onClose: () => void;
}) {
  const backend = useBackend();
  const [act, setAct] = useState<"set" | "remove">("set");
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const [tried, setTried] = useState(false);
  const [doing, setDoing] = useState<{ done: number; total: number } | null>(null);
  const [failed, setFailed] = useState<Failed | null>(null);
  const going = useRef<AbortController>(null);
  useEffect(() => () => going.current?.abort(), []);
  const wrongKey = tagKey(key);
  const wrongValue = act === "set" ? tagValue(value) : null;

  const change = async (runs: readonly string[]) => {
    setTried(true);
    if (wrongKey !== null || wrongValue !== null) return;
    const controller = new AbortController();
    going.current = controller;
    const refused: string[] = [];
    let first: unknown = null;
    let done = 0;
    setFailed(null);
    setDoing({ done, total: runs.length });
    try {
      await eachOf(runs, controller.signal, async (run_id) => {
        try {
          if (act === "set") await backend.call("run_tag_set", { run_id, key, value, known: null });
          else await backend.call("run_tag_delete", { run_id, key, known: null });
          done += 1;
          setDoing({ done, total: runs.length });
        } catch (error) {
          // A run without the tag, or one that is gone, has nothing to lose.
          if (act === "remove" && asErrorBody(error).code === "not_found") return;
          first ??= error;
          refused.push(run_id);
        }
      });
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    }
    setDoing(null);
    if (done > 0) {
      onChanged();
      toast({ title: t("runTable.tag.done", { n: done }) });
    }
    if (refused.length > 0) setFailed({ ids: refused, error: first });
    else if (!controller.signal.aborted) onClose();
  };

  if (doing !== null) {
    return <Progress label={t("runTable.tag.doing")} {...doing} onCancel={() => going.current?.abort()} />;
  }
  return (
    <form
      className={styles.viewForm}
      onSubmit={(event) => {
        event.preventDefault();
        void change(ids);
      }}
    >
      {failed !== null && (
        <ErrorBanner
          title={t("runTable.tag.failed", { n: failed.ids.length })}
          error={failed.error}
          onRetry={() => void change(failed.ids)}
        />
      )}
      <Segmented
        label={t("runTable.tag.act")}
        value={act}
        onChange={setAct}
        options={[
          { value: "set", label: t("runTable.tag.set") },
          { value: "remove", label: t("runTable.tag.remove") },
        ]}
      />
      <TextField
        label={t("runs.tag.key")}
        value={key}
        onChange={setKey}
        autoFocus
        mono
        error={tried || key.startsWith("mlflow.") || key.startsWith("skerry.") ? wrongKey : null}
      />
      {act === "set" && (
        <TextField label={t("runs.tag.value")} value={value} onChange={setValue} mono error={wrongValue} />
      )}
      <p className="quiet">{t(act === "set" ? "runTable.tag.setLead" : "runTable.tag.removeLead")}</p>
      <div className={styles.formEnd}>
        <Button onPress={onClose}>{t("common.cancel")}</Button>
        <Button type="submit" variant={act === "set" ? "primary" : "danger"}>
          {t(act === "set" ? "runTable.tag.setButton" : "runTable.tag.removeButton")}
        </Button>
      </div>
    </form>
  );
}
