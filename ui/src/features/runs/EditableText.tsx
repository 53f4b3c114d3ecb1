import { Pencil } from "lucide-react";
import { useState } from "react";
import { Button, ErrorBanner, TextField } from "../../shared/components";
import { t } from "../../shared/i18n";
import styles from "./runs.module.css";

/** A text of a person, changed in its place; a failure keeps what was typed. */
export function EditableText(props: {
  label: string;
  /** What the button says while there is no text. */
  empty: string;
  text: string;
  onSave: (text: string) => Promise<unknown>;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  const [pending, setPending] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  if (draft === null) {
    return (
      <div className={styles.ownText}>
        {props.text && <p>{props.text}</p>}
        <Button
          size="small"
          variant="quiet"
          icon={<Pencil size={14} />}
          onPress={() => {
            setFailure(null);
            setDraft(props.text);
          }}
        >
          {props.text ? t("common.edit") : props.empty}
        </Button>
      </div>
    );
  }
  const save = async () => {
    setPending(true);
    setFailure(null);
    try {
      await props.onSave(draft.trim());
      setDraft(null);
    } catch (e) {
      setFailure(e);
    } finally {
      setPending(false);
    }
  };
  return (
    <div className={styles.ownTextForm}>
      {failure ? <ErrorBanner error={failure} /> : null}
      <TextField label={props.label} value={draft} onChange={setDraft} multiline rows={4} autoFocus />
      <div className={styles.ownTextButtons}>
        <Button onPress={() => setDraft(null)}>{t("common.cancel")}</Button>
        <Button variant="primary" isPending={pending} onPress={() => void save()}>
          {t("common.save")}
        </Button>
      </div>
    </div>
  );
}
