import { CircleAlert, CircleHelp, Search, X } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { Dialog, DialogTrigger, Popover } from "react-aria-components";
import type { UiError } from "../../shared/backend";
import { Button, IconButton } from "../../shared/components";
import { errorLine } from "../../shared/errors/words";
import { currentLanguage, t } from "../../shared/i18n";
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

/** From where to where in `text` the filter is not understood, in UTF-16 units as fields count. */
export function placeOf(error: UiError, text: string): { from: number; to: number } | null {
  const position = Number(error.details?.position ?? Number.NaN);
  if (!Number.isInteger(position) || position < 0) return null;
  // The program counts characters of the filter as it was sent: without the spaces around it.
  const lead = text.length - text.trimStart().length;
  const characters = [...text.slice(lead)];
  const from = lead + characters.slice(0, position).join("").length;
  const rest = text.slice(from);
  const word = /^(?:[\w.`/]+|[=<>!]+|'[^']*'?|"[^"]*"?|\S)/u.exec(rest)?.[0] ?? "";
  return { from, to: from + word.length };
}

/** The program's sentence is exact, but English: elsewhere the place is named. */
function wordsOf(error: UiError): string {
  const position = Number(error.details?.position ?? Number.NaN);
  if (currentLanguage() === "en" || !Number.isInteger(position)) return errorLine(error);
  return t("runs.filterWrong", { n: position + 1 });
}

export function FilterField(props: {
  value: string;
  onChange: (value: string) => void;
  error: UiError | null;
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
  const field = useRef<HTMLInputElement>(null);
  const [scrolled, setScrolled] = useState(0);
  const place = props.error === null || draft !== value ? null : placeOf(props.error, draft);
  const note =
    props.error !== null ? wordsOf(props.error) : props.names && value !== "" ? t("runs.filterNames") : "";
  const toPlace = () => {
    if (place === null) return;
    field.current?.focus();
    field.current?.setSelectionRange(place.from, Math.max(place.to, place.from + 1));
  };
  return (
    <div className={styles.filter} data-invalid={props.error !== null || undefined}>
      <Search size={14} aria-hidden className={styles.filterIcon} />
      <span className={styles.filterText}>
        {place !== null && (
          // Lies under the text and marks where the filter stops making sense.
          <span className={styles.filterMark} aria-hidden style={{ translate: `${-scrolled}px 0` }}>
            {draft.slice(0, place.from)}
            <mark>{draft.slice(place.from, place.to) || "\u00a0\u00a0"}</mark>
          </span>
        )}
        <input
          ref={field}
          onScroll={(e) => setScrolled(e.currentTarget.scrollLeft)}
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
      </span>
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
        <span>{note}</span>
        {place !== null && (
          <Button size="small" variant="quiet" onPress={toPlace}>
            {t("runs.filterToPlace")}
          </Button>
        )}
      </span>
    </div>
  );
}
