import { Plus, X } from "lucide-react";
import { type KeyboardEvent, useId, useState } from "react";
import { t } from "../i18n";
import { Button, IconButton } from "./Button";
import type { FieldProps } from "./Fields";
import styles from "./Fields.module.css";
import { classes } from "./classes";

export interface Pair {
  key: string;
  value: string;
}

/** Key and value in rows. The last row is always empty and waits. */
export function KeyValueEditor(
  props: FieldProps & {
    value: readonly Pair[];
    onChange: (value: Pair[]) => void;
    keyLabel?: string;
    valueLabel?: string;
    validateKey?: (key: string) => string | null;
    validateValue?: (value: string) => string | null;
  },
) {
  const id = useId();
  const keyLabel = props.keyLabel ?? t("common.key");
  const valueLabel = props.valueLabel ?? t("common.value");
  const rows = props.value;
  const change = (index: number, part: Partial<Pair>) =>
    props.onChange(rows.map((row, at) => (at === index ? { ...row, ...part } : row)));
  const keys = rows.map((row) => row.key);
  const problem = (row: Pair, index: number): string | null => {
    if (row.key === "" && row.value === "") return null;
    if (row.key === "") return t("fields.keyMissing");
    if (keys.indexOf(row.key) !== index) return t("fields.keyTwice", { key: row.key });
    return props.validateKey?.(row.key) ?? props.validateValue?.(row.value) ?? null;
  };
  return (
    <fieldset className={styles.field} style={{ border: 0, padding: 0, margin: 0 }}>
      <legend className={styles.label} style={{ padding: 0, marginBottom: 4 }}>
        {props.label}
      </legend>
      <div className={styles.pairs}>
        {rows.map((row, index) => {
          const wrong = problem(row, index);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place; keys may be empty or equal while typing
            <div key={index}>
              <div className={styles.pair}>
                <div className={styles.box} data-invalid={Boolean(wrong)}>
                  <input
                    className={classes(styles.input, styles.mono)}
                    aria-label={`${keyLabel} ${index + 1}`}
                    aria-invalid={Boolean(wrong)}
                    aria-describedby={wrong ? `${id}-${index}` : undefined}
                    placeholder={keyLabel}
                    spellCheck={false}
                    autoComplete="off"
                    value={row.key}
                    onChange={(event) => change(index, { key: event.target.value })}
                  />
                </div>
                <div className={styles.box}>
                  <input
                    className={classes(styles.input, styles.mono)}
                    aria-label={`${valueLabel} ${index + 1}`}
                    placeholder={valueLabel}
                    spellCheck={false}
                    autoComplete="off"
                    value={row.value}
                    onChange={(event) => change(index, { value: event.target.value })}
                  />
                </div>
                <IconButton
                  label={`${t("common.remove")} ${row.key || index + 1}`}
                  icon={<X size={15} aria-hidden />}
                  onPress={() => props.onChange(rows.filter((_, at) => at !== index))}
                />
              </div>
              {wrong ? (
                <span className={styles.error} id={`${id}-${index}`} role="alert">
                  {wrong}
                </span>
              ) : null}
            </div>
          );
        })}
        <div>
          <Button
            size="small"
            variant="quiet"
            icon={<Plus size={15} aria-hidden />}
            isDisabled={props.isDisabled ?? false}
            onPress={() => props.onChange([...rows, { key: "", value: "" }])}
          >
            {t("common.add")}
          </Button>
        </div>
      </div>
      {props.error ? <span className={styles.error}>{props.error}</span> : null}
      {props.description ? <span className={styles.description}>{props.description}</span> : null}
    </fieldset>
  );
}

/** Short words: Enter or a comma adds one, Backspace in the empty field takes the last one back. */
export function TagEditor(
  props: FieldProps & {
    value: readonly string[];
    onChange: (value: string[]) => void;
    placeholder?: string;
    validate?: (tag: string) => string | null;
  },
) {
  const id = useId();
  const [draft, setDraft] = useState("");
  const trimmed = draft.trim();
  const wrong =
    trimmed === ""
      ? null
      : props.value.includes(trimmed)
        ? t("fields.tagTwice", { tag: trimmed })
        : (props.validate?.(trimmed) ?? null);
  const add = () => {
    if (trimmed === "" || wrong) return;
    props.onChange([...props.value, trimmed]);
    setDraft("");
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Enter" || event.key === ",") {
      if (trimmed === "") return;
      event.preventDefault();
      add();
    } else if (event.key === "Backspace" && draft === "" && props.value.length > 0) {
      props.onChange(props.value.slice(0, -1));
    }
  };
  const error = wrong ?? props.error;
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {props.label}
      </label>
      <div className={styles.box} data-invalid={Boolean(error)}>
        <div className={styles.tags}>
          {props.value.map((tag) => (
            <span className={styles.tag} key={tag}>
              <span>{tag}</span>
              <button
                type="button"
                className={styles.tagRemove}
                aria-label={`${t("common.remove")} ${tag}`}
                onClick={() => props.onChange(props.value.filter((each) => each !== tag))}
              >
                <X size={12} aria-hidden />
              </button>
            </span>
          ))}
          <input
            id={id}
            className={styles.tagInput}
            value={draft}
            placeholder={props.value.length === 0 ? props.placeholder : undefined}
            aria-invalid={Boolean(error)}
            aria-describedby={`${id}-notes`}
            disabled={props.isDisabled}
            onChange={(event) => setDraft(event.target.value)}
            onKeyDown={onKeyDown}
            onBlur={add}
          />
        </div>
      </div>
      <span id={`${id}-notes`} className={error ? styles.error : styles.description}>
        {error ?? props.description ?? t("fields.tagHint")}
      </span>
    </div>
  );
}
