import { useState } from "react";
import { useBackend, useQueryCommand } from "../../shared/backend";
import { Button, Dialog, ErrorBanner, TextField, toast } from "../../shared/components";
import { t } from "../../shared/i18n";
import styles from "./runs.module.css";
import { Suggestions } from "./Suggestions";
import { experimentName } from "./validate";

/** So many runs are moved at once: all of them or none. */
const AT_ONCE = 1000;

/** Moves runs to another experiment. */
export function MoveRuns(props: {
  /** The runs; null while the dialog is closed. */
  ids: readonly string[] | null;
  /** Runs were moved, all of them or some. */
  onMoved: (all: boolean) => void;
  onClose: () => void;
}) {
  return (
    <Dialog
      title={props.ids === null ? "" : t("runTable.move.title", { n: props.ids.length })}
      isOpen={props.ids !== null}
      onOpenChange={(open) => !open && props.onClose()}
      size="small"
    >
      {props.ids !== null && <Body ids={props.ids} onMoved={props.onMoved} onClose={props.onClose} />}
    </Dialog>
  );
}

function Body(props: { ids: readonly string[]; onMoved: (all: boolean) => void; onClose: () => void }) {
  const backend = useBackend();
  const experiments = useQueryCommand("experiments_list", null);
  const [experiment, setExperiment] = useState("");
  const [tried, setTried] = useState(false);
  const [moving, setMoving] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const wrong = experimentName(experiment);
  const move = async () => {
    setTried(true);
    if (wrong !== null || moving) return;
    setFailure(null);
    setMoving(true);
    try {
      for (let at = 0; at < props.ids.length; at += AT_ONCE) {
        await backend.call("runs_move", { run_ids: props.ids.slice(at, at + AT_ONCE), experiment });
      }
    } catch (error) {
      setFailure(error);
      setMoving(false);
      props.onMoved(false);
      return;
    }
    props.onMoved(true);
    toast({ title: t("runTable.move.done", { n: props.ids.length, experiment: experiment.trim() }) });
    props.onClose();
  };
  return (
    <form
      className={styles.viewForm}
      onSubmit={(event) => {
        event.preventDefault();
        void move();
      }}
    >
      {failure !== null && <ErrorBanner title={t("runTable.move.failed")} error={failure} />}
      <div>
        <TextField
          label={t("runs.form.experiment")}
          description={t("runs.form.experimentLead")}
          value={experiment}
          onChange={setExperiment}
          error={tried || experiment !== "" ? wrong : null}
          autoFocus
        />
        <Suggestions
          values={(experiments.data ?? []).map((row) => row.name)}
          current={experiment}
          onPick={setExperiment}
        />
      </div>
      <p className="quiet">{t("runTable.move.lead")}</p>
      <div className={styles.formEnd}>
        <Button onPress={props.onClose}>{t("common.cancel")}</Button>
        <Button type="submit" variant="primary" isPending={moving}>
          {t("runTable.move.button")}
        </Button>
      </div>
    </form>
  );
}
