import { CircleAlert, CircleHelp, Search, X } from "lucide-react";
import { useEffect, useId, useState } from "react";
import { Dialog, DialogTrigger, Popover } from "react-aria-components";
import { IconButton } from "../../shared/components";
import { t } from "../../shared/i18n";
import styles from "./runs.module.css";

const EXAMPLES = [
  "metrics.accuracy > 0.9",
  "params.lr = '0.01' and metrics.loss < 0.3",
  "attributes.status = 'FAILED'",
  "attributes.run_name ILIKE '%wide%'",
  "tags.team = 'lab' and metrics.`val/f1` >= 0.8",
];
/** A half-typed filter is not searched for: only what rested this long, or Enter. */
const REST_MS = 400;

export function FilterField(props: {
  value: string;
  onChange: (value: string) => void;
  error: string | null;
  names: boolean;
}) {
  const { value, onChange } = props;
  const [draft, setDraft] = useState(value);
  const [sent, setSent] = useState(value);
  const id = useId();
  if (value !== sent) {
    setSent(value);
    setDraft(value);
  }
  useEffect(() => {
    if (draft === value) return;
    const timer = setTimeout(() => {
      setSent(draft);
      onChange(draft);
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [draft, value, onChange]);
  const commit = (next: string) => {
    setDraft(next);
    setSent(next);
    onChange(next);
  };
  const note = props.error ?? (props.names && value !== "" ? t("runs.filterNames") : "");
  return (
    <div className={styles.filter} data-invalid={props.error !== null || undefined}>
      <Search size={14} aria-hidden className={styles.filterIcon} />
      <input
        type="search"
        aria-label={t("runs.filter")}
        aria-invalid={props.error !== null}
        aria-describedby={id}
        placeholder={t("runs.filterPlaceholder")}
        value={draft}
        spellCheck={false}
        autoComplete="off"
        onChange={(e) => setDraft(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Enter") commit(draft);
          if (e.key === "Escape" && draft !== "") {
            e.preventDefault();
            commit("");
          }
        }}
      />
      {draft !== "" && (
        <IconButton
          size="small"
          label={t("runs.clearFilter")}
          icon={<X size={14} />}
          onPress={() => commit("")}
        />
      )}
      <DialogTrigger>
        <IconButton size="small" label={t("runs.filterHelp")} icon={<CircleHelp size={14} />} />
        <Popover placement="bottom end" className={styles.popover ?? ""}>
          <Dialog className={styles.help ?? ""} aria-label={t("runs.filterHelp")}>
            {({ close }) => (
              <>
                <p>{t("runs.filterHelpLead")}</p>
                <ul>
                  {EXAMPLES.map((example) => (
                    <li key={example}>
                      <button
                        type="button"
                        onClick={() => {
                          commit(example);
                          close();
                        }}
                      >
                        {example}
                      </button>
                    </li>
                  ))}
                </ul>
              </>
            )}
          </Dialog>
        </Popover>
      </DialogTrigger>
      <span id={id} role="status" className={styles.filterNote}>
        {props.error !== null && <CircleAlert size={13} aria-hidden />}
        {note}
      </span>
    </div>
  );
}
