import { Columns3 } from "lucide-react";
import { useState } from "react";
import { Dialog, DialogTrigger, Popover } from "react-aria-components";
import { Button, Checkbox } from "../../shared/components";
import { t } from "../../shared/i18n";
import { ATTRIBUTES, columnName, USUAL } from "./columns";
import styles from "./runs.module.css";

const KEY = "skerry.runs.layout";

function kept(): string[] | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? "null");
    return Array.isArray(value) ? value.filter((v): v is string => typeof v === "string") : null;
  } catch {
    return null;
  }
}

/** Ids of the columns in order; until a person chooses (null), the usual ones and the first three metrics. */
export function useColumnChoice(metricKeys: readonly string[]) {
  const [choice, setChoice] = useState(kept);
  const usual = metricKeys.filter((k) => !k.startsWith("system/")).slice(0, 3);
  return {
    choice,
    chosen: choice ?? [...USUAL, ...usual.map((k) => `metrics.${k}`)],
    setChoice: (next: string[] | null) => {
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
  const group = (title: string, ids: readonly string[]) => {
    return (
      <fieldset className={styles.group}>
        <legend>{title}</legend>
        {ids.length === 0 && <p className="quiet">{t("runs.noKeys")}</p>}
        {ids.slice(0, 200).map((id) => (
          <Checkbox
            key={id}
            isSelected={props.chosen.includes(id)}
            onChange={(on) =>
              props.onChange(on ? [...props.chosen, id] : props.chosen.filter((c) => c !== id))
            }
          >
            {columnName(id)}
          </Checkbox>
        ))}
      </fieldset>
    );
  };
  const ids = (kind: string, keys: readonly string[]) => [
    ...new Set([...props.chosen.filter((c) => c.startsWith(kind)), ...keys.map((key) => `${kind}${key}`)]),
  ];
  return (
    <DialogTrigger>
      <Button icon={<Columns3 size={16} />}>{t("runs.columns")}</Button>
      <Popover placement="bottom end" className={styles.popover ?? ""}>
        <Dialog className={styles.chooser ?? ""} aria-label={t("runs.columnsLead")}>
          {group(t("runs.metrics"), ids("metrics.", props.metricKeys).sort())}
          {group(t("runs.params"), ids("params.", props.paramKeys).sort())}
          {group(t("runs.attributes"), ATTRIBUTES)}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
