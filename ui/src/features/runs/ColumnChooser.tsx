import { ArrowDown, ArrowUp, Columns3, Pin, PinOff } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { RunKeys } from "../../bindings/api";
import { Dialog, DialogTrigger, Popover } from "react-aria-components";
import { Button, Checkbox, IconButton } from "../../shared/components";
import { t } from "../../shared/i18n";
import { ATTRIBUTES, columnName, pinsOf, USUAL, withColumn, withPins } from "./columns";
import { MetricChoices } from "./MetricChoices";
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

/** Ids of the columns in order, as a person chose them; null until then. */
export function useColumnChoice() {
  const [choice, setChoice] = useState(kept);
  const choose = useCallback((next: string[] | null) => {
    setChoice(next);
    try {
      localStorage.setItem(KEY, JSON.stringify(next));
    } catch {
      // Holds until the window closes.
    }
  }, []);
  return { choice, setChoice: choose };
}

/** The columns that are shown: without a choice the usual ones and the first three metrics. */
export function useChosenColumns(choice: string[] | null, metricKeys: readonly string[]): string[] {
  const usual = metricKeys
    .filter((k) => !k.startsWith("system/"))
    .slice(0, 3)
    .map((k) => `metrics.${k}`)
    .join("\n");
  // The same list as long as it is the same: a new one draws every row of the table again.
  return useMemo(() => choice ?? [...USUAL, ...usual.split("\n").filter((id) => id !== "")], [choice, usual]);
}

interface Columns {
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

interface ChooserProps extends Columns {
  /** What there is to choose from. */
  keys: RunKeys | undefined;
}

export function ColumnChooser(props: ChooserProps) {
  return (
    <DialogTrigger>
      <Button icon={<Columns3 size={16} />}>{t("runs.columns")}</Button>
      <Popover placement="bottom end" className={styles.popover ?? ""}>
        <Dialog className={styles.chooser ?? ""} aria-label={t("runs.columnsLead")}>
          <Shown {...props} />
          <Choices {...props} />
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

/** More keys than this have a field to find one by. */
const SEARCHED = 12;
/** So many keys of a kind are listed. */
const LISTED = 200;

/** All that can be a column. */
function Choices({ keys, ...rest }: ChooserProps) {
  const [find, setFind] = useState("");
  const wanted = find.trim().toLocaleLowerCase();
  const named = (all: readonly string[]) => all.filter((key) => key.toLocaleLowerCase().includes(wanted));
  const { metrics = [], params = [], tags = [] } = keys ?? {};
  return (
    <div className={styles.choices}>
      {metrics.length + params.length + tags.length > SEARCHED && (
        <input
          type="search"
          className={styles.findColumn}
          aria-label={t("runs.findColumn")}
          placeholder={t("runs.findColumn")}
          value={find}
          onChange={(event) => setFind(event.target.value)}
        />
      )}
      <MetricChoices keys={named(metrics)} {...rest} wanted={wanted} />
      <Group {...rest} title={t("runs.params")} kind="params." keys={named(params)} wanted={wanted} />
      <Group {...rest} title={t("runs.tags")} kind="tags." keys={named(tags)} wanted={wanted} />
      <Group
        {...rest}
        title={t("runs.attributes")}
        ids={ATTRIBUTES.filter((id) => columnName(id).toLocaleLowerCase().includes(wanted))}
        wanted={wanted}
      />
    </div>
  );
}

/** The columns in their order: moved by buttons or Alt and an arrow key, pinned with all before them. */
function Shown({ chosen, onChange }: Columns) {
  const { ids, pinned } = pinsOf(chosen);
  const list = useRef<HTMLOListElement>(null);
  const [moved, setMoved] = useState<{ id: string } | null>(null);
  // A row that moves in the document loses the focus: it is given back.
  useEffect(() => {
    if (moved)
      list.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(moved.id)}"] button`)?.focus();
  }, [moved]);
  const move = (from: number, by: number) => {
    const to = from + by;
    const id = ids[from];
    if (id === undefined || to < 0 || to >= ids.length) return;
    const next = ids.filter((each) => each !== id);
    next.splice(to, 0, id);
    onChange(withPins(next, pinned));
    setMoved({ id });
  };
  return (
    <fieldset className={styles.group}>
      <legend>{t("runs.columnsShown")}</legend>
      <ol ref={list} className={styles.shown}>
        {ids.map((id, i) => {
          const name = columnName(id);
          return (
            <li
              key={id}
              data-id={id}
              onKeyDown={(event) => {
                const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
                if (!event.altKey || by === 0) return;
                event.preventDefault();
                move(i, by);
              }}
            >
              <IconButton
                size="small"
                label={t(i < pinned ? "runs.columnUnpin" : "runs.columnPin", { name })}
                icon={i < pinned ? <PinOff size={14} /> : <Pin size={14} />}
                onPress={() => onChange(withPins(ids, i < pinned ? i : i + 1))}
              />
              <span title={name}>{name}</span>
              <IconButton
                size="small"
                label={t("runs.columnUp", { name })}
                icon={<ArrowUp size={14} />}
                isDisabled={i === 0}
                onPress={() => move(i, -1)}
              />
              <IconButton
                size="small"
                label={t("runs.columnDown", { name })}
                icon={<ArrowDown size={14} />}
                isDisabled={i === ids.length - 1}
                onPress={() => move(i, 1)}
              />
            </li>
          );
        })}
      </ol>
    </fieldset>
  );
}

function Group(
  props: Columns & {
    title: string;
    kind?: string;
    keys?: readonly string[];
    ids?: readonly string[];
    /** What is typed to find a key. */
    wanted: string;
  },
) {
  const { ids: shown } = pinsOf(props.chosen);
  const { kind = "" } = props;
  const ids =
    props.ids ??
    [
      ...new Set([
        ...shown.filter(
          (id) => id.startsWith(kind) && columnName(id).toLocaleLowerCase().includes(props.wanted),
        ),
        ...(props.keys ?? []).map((key) => `${kind}${key}`),
      ]),
    ].sort();
  return (
    <fieldset className={styles.group}>
      <legend>{props.title}</legend>
      {ids.length === 0 && (
        <p className="quiet">{t(props.wanted === "" ? "runs.noKeys" : "fields.nothingFound")}</p>
      )}
      {ids.slice(0, LISTED).map((id) => (
        <Checkbox
          key={id}
          isSelected={shown.includes(id)}
          onChange={(on) => props.onChange(withColumn(props.chosen, id, on))}
        >
          {columnName(id)}
        </Checkbox>
      ))}
      {ids.length > LISTED && <p className="quiet">{t("fields.more", { n: ids.length - LISTED })}</p>}
    </fieldset>
  );
}
