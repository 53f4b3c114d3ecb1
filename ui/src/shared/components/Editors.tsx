import { Plus, X } from "lucide-react";
import { useId } from "react";
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
            flush
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
