import { CircleAlert, CircleHelp, Search, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { Dialog, DialogTrigger, Popover } from "react-aria-components";
import type { RunKeys } from "../../bindings/api";
import { type UiError, useQueryCommand } from "../../shared/backend";
import { Button, IconButton } from "../../shared/components";
import { errorLine } from "../../shared/errors/words";
import { currentLanguage, t } from "../../shared/i18n";
import { completionOf, type Suggestion, valuesAt } from "./complete";
import styles from "./runs.module.css";

const EXAMPLES = [
  "metrics.accuracy > 0.9",
  "params.lr = '0.01' and metrics.loss < 0.3",
  "attributes.status = 'FAILED'",
  "attributes.run_name ILIKE '%wide%'",
  "tags.team = 'lab' and metrics.`val/f1` >= 0.8",
];
const NO_KEYS: RunKeys = { metrics: [], params: [], tags: [] };
const NO_VALUES: readonly string[] = [];
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
  /** What can be asked for, to complete what is typed. */
  keys: RunKeys | undefined;
  /** The experiment whose values are offered; those of all when null. */
  experiment: string | null;
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
  const field = useRef<HTMLInputElement>(null);
  /** Where the text is completed; null while nothing is offered. */
  const [caret, setCaret] = useState<number | null>(null);
  const [chosen, setChosen] = useState(-1);
  const list = useId();
  const column = caret === null ? null : valuesAt(draft, caret);
  const values = useQueryCommand(
    "run_values",
    { experiment: props.experiment, column: column ?? "" },
    { enabled: column !== null },
  );
  const completion =
    caret === null ? null : completionOf(draft, caret, props.keys ?? NO_KEYS, values.data ?? NO_VALUES);
  const items = completion?.items ?? [];
  const offer = (at: number | null) => {
    setCaret(at);
    setChosen(-1);
  };
  const accept = (item: Suggestion | undefined) => {
    if (!item || !completion) return;
    const head = `${draft.slice(0, completion.from)}${item.text} `;
    const tail = draft.slice(completion.to).trimStart();
    setDraft(head + tail);
    offer(head.length);
    setMoved({ to: head.length });
  };
  // The field has the new text only once it is drawn.
  const [moved, setMoved] = useState<{ to: number } | null>(null);
  useLayoutEffect(() => {
    if (moved) field.current?.setSelectionRange(moved.to, moved.to);
  }, [moved]);
  const commit = (next: string) => {
    setDraft(next);
    setSent(next);
    offer(null);
    onChange(next);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const open = items.length > 0;
    const to = (by: number) =>
      setChosen((chosen + by + items.length + (chosen < 0 && by < 0 ? 1 : 0)) % items.length);
    if (event.key === " " && event.ctrlKey) offer(event.currentTarget.selectionStart);
    else if (event.key === "ArrowDown" && open) to(1);
    else if (event.key === "ArrowDown") offer(event.currentTarget.selectionStart);
    else if (event.key === "ArrowUp" && open) to(-1);
    else if ((event.key === "Enter" || event.key === "Tab") && open && chosen >= 0) accept(items[chosen]);
    else if (event.key === "Enter") {
      commit(draft);
      return;
    } else if (event.key === "Escape" && open) offer(null);
    else if (event.key === "Escape" && draft !== "") commit("");
    else return;
    event.preventDefault();
  };
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
    <div
      className={styles.filter}
      data-invalid={props.error !== null || undefined}
      data-offers={items.length > 0 || undefined}
    >
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
          aria-autocomplete="list"
          aria-controls={items.length > 0 ? list : undefined}
          aria-activedescendant={items[chosen] ? `${list}-${chosen}` : undefined}
          onChange={(e) => {
            setDraft(e.target.value);
            offer(e.target.selectionStart);
          }}
          onClick={() => offer(null)}
          onBlur={() => offer(null)}
          onKeyDown={onKeyDown}
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
      {items.length > 0 && (
        <div id={list} role="listbox" aria-label={t("runTable.suggestions")} className={styles.offers}>
          {items.map((item, i) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and handles the keys
            // biome-ignore lint/a11y/useFocusableInteractive: the field points at it by aria-activedescendant
            <div
              key={item.text}
              id={`${list}-${i}`}
              role="option"
              aria-selected={i === chosen}
              // The field keeps the focus.
              onMouseDown={(e) => e.preventDefault()}
              onClick={() => accept(item)}
            >
              <code>{item.text}</code>
              <span>{t(`runTable.kind.${item.kind}`)}</span>
            </div>
          ))}
        </div>
      )}
      <span role="status" className="visually-hidden">
        {items.length > 0 ? t("runTable.suggested", { n: items.length }) : ""}
      </span>
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
