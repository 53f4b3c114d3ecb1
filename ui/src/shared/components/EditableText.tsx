import { Pencil } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "./Button";
import { ErrorBanner } from "./Feedback";
import { TextField } from "./Fields";
import { Markdown } from "./Markdown";
import { Overtaken } from "./Overtaken";
import { t } from "../i18n";
import styles from "./EditableText.module.css";

/** A text of a person, in Markdown, changed in its place; a failure keeps what was typed. */
export function EditableText(props: {
  label: string;
  /** What the button says while there is no text. */
  empty: string;
  /** Null where there is none. */
  text: string | null;
  /** `known` is what stood there as far as this screen knows; an empty text removes it. */
  onSave: (text: string, known: string | null) => Promise<unknown>;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  const [known, setKnown] = useState(props.text);
  const whole = useRef<HTMLDivElement>(null);
  const edited = useRef(false);
  useEffect(() => {
    // The field is gone: the focus goes back to the button that opened it.
    if (draft === null && edited.current) whole.current?.querySelector("button")?.focus();
    edited.current = draft !== null;
  }, [draft]);
  const [pending, setPending] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  if (draft === null) {
    return (
      <div className={styles.text} ref={whole}>
        {props.text && <Markdown text={props.text} />}
        <Button
          size="small"
          variant="quiet"
          icon={<Pencil size={14} />}
          onPress={() => {
            setFailure(null);
            setKnown(props.text);
            setDraft(props.text ?? "");
          }}
        >
          {props.text ? t("common.edit") : props.empty}
        </Button>
      </div>
    );
  }
  const overtaken = props.text !== known && props.text !== draft.trim() && !pending;
  const save = async (over: string | null) => {
    setPending(true);
    setFailure(null);
    try {
      await props.onSave(draft.trim(), over);
      setDraft(null);
    } catch (e) {
      setFailure(e);
    } finally {
      setPending(false);
    }
  };
  return (
    <div className={styles.form}>
      {overtaken ? (
        <Overtaken
          theirs={props.text}
          onTake={() => {
            setFailure(null);
            setKnown(props.text);
            setDraft(props.text);
          }}
          onReplace={() => void save(props.text)}
        />
      ) : failure ? (
        <ErrorBanner error={failure} />
      ) : null}
      <TextField
        label={props.label}
        value={draft}
        onChange={setDraft}
        description={t("common.markdown")}
        multiline
        rows={6}
        autoFocus
      />
      <div className={styles.buttons}>
        <Button onPress={() => setDraft(null)}>{t("common.cancel")}</Button>
        <Button
          variant="primary"
          isPending={pending}
          isDisabled={overtaken}
          onPress={() => void save(props.text === draft.trim() ? props.text : known)}
        >
          {t("common.save")}
        </Button>
      </div>
    </div>
  );
}
