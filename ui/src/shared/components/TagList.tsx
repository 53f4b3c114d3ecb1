import { Check, Plus, X } from "lucide-react";
import { type KeyboardEvent, useState, useEffect, useRef } from "react";
import type { KeyValue } from "../../bindings/api";
import { Button, IconButton } from "./Button";
import { ErrorBanner } from "./Feedback";
import { t } from "../i18n";
import styles from "./TagList.module.css";
import { tagKey, tagValue } from "../rules";

/** Tags as they are, each changed in its place. A failure stands where the tag is. */
export function TagList(props: {
  tags: readonly KeyValue[];
  onSet: (key: string, value: string) => Promise<unknown>;
  onDelete: (key: string) => Promise<unknown>;
}) {
  const [editing, setEditing] = useState<string | null>(null);
  const whole = useRef<HTMLDivElement>(null);
  const edited = useRef<string | null>(null);
  useEffect(() => {
    const before = edited.current;
    edited.current = editing;
    if (editing !== null || before === null) return;
    // The form is gone: the focus goes back to its tag, or to *Add tag*.
    const buttons = [...(whole.current?.querySelectorAll<HTMLElement>("button") ?? [])];
    (buttons.find((button) => before !== "" && button.dataset.tag === before) ?? buttons.at(-1))?.focus();
  }, [editing]);
  const [failure, setFailure] = useState<unknown>(null);
  const attempt = async (work: () => Promise<unknown>) => {
    setFailure(null);
    try {
      await work();
      setEditing(null);
    } catch (e) {
      setFailure(e);
    }
  };
  return (
    <div className={styles.list} ref={whole}>
      {failure ? <ErrorBanner error={failure} /> : null}
      {props.tags.length === 0 && editing === null && <p className="quiet">{t("runs.tag.none")}</p>}
      <ul>
        {props.tags.map((tag) =>
          editing === tag.key ? (
            <li key={tag.key}>
              <TagForm
                tag={tag}
                onCancel={() => setEditing(null)}
                onSave={(key, value) => void attempt(() => props.onSet(key, value))}
                onDelete={() => void attempt(() => props.onDelete(tag.key))}
              />
            </li>
          ) : (
            <li key={tag.key}>
              <button
                type="button"
                className={styles.tag}
                data-tag={tag.key}
                onClick={() => setEditing(tag.key)}
              >
                <span className={styles.key}>
                  <span className="visually-hidden">{t("runs.tag.edit")} </span>
                  {tag.key}
                </span>
                <span className={styles.value} title={tag.value}>
                  {tag.value}
                </span>
              </button>
            </li>
          ),
        )}
        {editing === "" && (
          <li>
            <TagForm
              tag={null}
              taken={props.tags.map((x) => x.key)}
              onCancel={() => setEditing(null)}
              onSave={(key, value) => void attempt(() => props.onSet(key, value))}
            />
          </li>
        )}
      </ul>
      {editing === null && (
        <Button size="small" variant="quiet" icon={<Plus size={14} />} onPress={() => setEditing("")}>
          {t("runs.tag.add")}
        </Button>
      )}
    </div>
  );
}

function TagForm(props: {
  tag: KeyValue | null;
  taken?: readonly string[];
  onSave: (key: string, value: string) => void;
  onCancel: () => void;
  onDelete?: () => void;
}) {
  const [key, setKey] = useState(props.tag?.key ?? "");
  const [value, setValue] = useState(props.tag?.value ?? "");
  const wrong = (key === "" ? null : props.tag ? null : tagKey(key)) ?? tagValue(value);
  const ready = key !== "" && wrong === null;
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.key === "Enter" && ready) props.onSave(key, value);
    if (e.key === "Escape") {
      e.stopPropagation();
      props.onCancel();
    }
  };
  return (
    <div className={styles.form}>
      {props.tag ? (
        <span className={styles.key}>{key}</span>
      ) : (
        <input
          aria-label={t("runs.tag.key")}
          placeholder={t("runs.tag.key")}
          value={key}
          // biome-ignore lint/a11y/noAutofocus: a person just asked for this field
          autoFocus
          onChange={(e) => setKey(e.target.value)}
          onKeyDown={onKeyDown}
          aria-invalid={wrong !== null}
        />
      )}
      <input
        aria-label={t("runs.tag.value")}
        placeholder={t("runs.tag.value")}
        value={value}
        // biome-ignore lint/a11y/noAutofocus: a person just asked for this field
        autoFocus={props.tag !== null}
        onChange={(e) => setValue(e.target.value)}
        onKeyDown={onKeyDown}
      />
      <IconButton
        size="small"
        label={t("common.save")}
        icon={<Check size={14} />}
        isDisabled={!ready}
        onPress={() => props.onSave(key, value)}
      />
      {props.onDelete ? (
        <IconButton
          size="small"
          label={t("runs.tag.remove", { key })}
          icon={<X size={14} />}
          onPress={props.onDelete}
        />
      ) : (
        <IconButton size="small" label={t("common.cancel")} icon={<X size={14} />} onPress={props.onCancel} />
      )}
      {wrong && (
        <p role="alert" className={styles.wrong}>
          {wrong}
        </p>
      )}
    </div>
  );
}
