import { Columns3 } from "lucide-react";
import { useState } from "react";
import { Dialog, DialogTrigger, Popover } from "react-aria-components";
import { Button, Checkbox } from "../../shared/components";
import { t } from "../../shared/i18n";
import styles from "./runs.module.css";

const KEY = "skerry.runs.columns";

function kept(): string[] | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? "null");
    return Array.isArray(value) ? value.filter((v): v is string => typeof v === "string") : null;
  } catch {
    return null;
  }
}

/** Metric and param columns (`m:key`, `p:key`); until a person chooses, the first three metrics. */
export function useColumnChoice(metricKeys: readonly string[]) {
  const [choice, setChoice] = useState(kept);
  const usual = metricKeys.filter((k) => !k.startsWith("system/")).slice(0, 3);
  return {
    chosen: choice ?? usual.map((k) => `m:${k}`),
    setChosen: (next: string[]) => {
      setChoice(next);
      try {
        localStorage.setItem(KEY, JSON.stringify(next));
      } catch {
        // Holds until the window closes.
      }
    },
  };
}

export function ColumnChooser(props: {
  metricKeys: readonly string[];
  paramKeys: readonly string[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}) {
  const group = (title: string, prefix: string, keys: readonly string[]) => {
    const all = [
      ...new Set([...props.chosen.filter((c) => c.startsWith(prefix)).map((c) => c.slice(2)), ...keys]),
    ].sort();
    return (
      <fieldset className={styles.group}>
        <legend>{title}</legend>
        {all.length === 0 && <p className="quiet">{t("runs.noKeys")}</p>}
        {all.slice(0, 200).map((key) => {
          const id = `${prefix}${key}`;
          return (
            <Checkbox
              key={id}
              isSelected={props.chosen.includes(id)}
              onChange={(on) =>
                props.onChange(on ? [...props.chosen, id] : props.chosen.filter((c) => c !== id))
              }
            >
              {key}
            </Checkbox>
          );
        })}
      </fieldset>
    );
  };
  return (
    <DialogTrigger>
      <Button icon={<Columns3 size={16} />}>{t("runs.columns")}</Button>
      <Popover placement="bottom end" className={styles.popover ?? ""}>
        <Dialog className={styles.chooser ?? ""} aria-label={t("runs.columnsLead")}>
          {group(t("runs.metrics"), "m:", props.metricKeys)}
          {group(t("runs.params"), "p:", props.paramKeys)}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
