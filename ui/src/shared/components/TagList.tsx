import { Check, Plus, X } from "lucide-react";
import { type KeyboardEvent, useState, useEffect, useRef } from "react";
import type { KeyValue } from "../../bindings/api";
import { t } from "../i18n";
import { tagKey, tagValue } from "../rules";
import { Button, IconButton } from "./Button";
import { ErrorBanner } from "./Feedback";
import { Overtaken } from "./Overtaken";
import styles from "./TagList.module.css";

interface Changes {
  /** `known` is what stood there as far as this screen knows: null is no tag. */
  readonly onSet: (key: string, value: string, known: string | null) => Promise<unknown>;
  readonly onDelete: (key: string, known: string | null) => Promise<unknown>;
}

/** Tags as they are, each changed in its place. A failure stands where the tag is. */
export function TagList({ tags, ...changes }: Changes & { tags: readonly KeyValue[] }) {
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
  const place = useRef(0);
  const found = tags.findIndex((tag) => tag.key === editing);
  if (found >= 0) place.current = found;
  else if (editing === "") place.current = tags.length;
  const form = (key: string) => (
    <TagForm
      of={key}
      now={tags.find((tag) => tag.key === key)?.value ?? null}
      taken={tags.map((tag) => tag.key)}
      onDone={(gone) => {
        if (gone) edited.current = "";
        setEditing(null);
      }}
      {...changes}
    />
  );
  // A new one has a place too, and one that somebody else removed keeps its own while it is edited.
  const places =
    editing === null || found >= 0
      ? tags
      : [...tags.slice(0, place.current), { key: editing, value: "" }, ...tags.slice(place.current)];
  return (
    <div className={styles.list} ref={whole}>
      {tags.length === 0 && editing === null && <p className="quiet">{t("runs.tag.none")}</p>}
      <ul>
        {places.map((tag) => (
          <li key={tag.key}>
            {editing === tag.key ? (
              form(tag.key)
            ) : (
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
            )}
          </li>
        ))}
      </ul>
      {editing === null && (
        <Button size="small" variant="quiet" icon={<Plus size={14} />} onPress={() => setEditing("")}>
          {t("runs.tag.add")}
        </Button>
      )}
    </div>
  );
}

/** Of a tag that is there, or, with an empty key, of a new one. */
function TagForm(
  props: Changes & {
    of: string;
    /** Its value as it is now. */
    now: string | null;
    taken: readonly string[];
    onDone: (gone?: boolean) => void;
  },
) {
  const { of, now } = props;
  const [key, setKey] = useState(of);
  const [value, setValue] = useState(now ?? "");
  const [known, setKnown] = useState(now);
  const [pending, setPending] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const overtaken = now !== known && now !== value && !pending;
  const wrong =
    (key === "" || of !== "" ? null : props.taken.includes(key) ? t("runs.tag.taken") : tagKey(key)) ??
    tagValue(value);
  const ready = key !== "" && wrong === null && !pending && !overtaken;
  // What somebody else has set to what is typed here is nobody's to choose.
  const seen = now === value ? now : known;
  const attempt = async (work: () => Promise<unknown>, gone = false) => {
    setPending(true);
    setFailure(null);
    try {
      await work();
      props.onDone(gone);
    } catch (e) {
      setFailure(e);
      setPending(false);
    }
  };
  const save = (over: string | null) => void attempt(() => props.onSet(key, value, over));
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.key === "Enter" && ready) save(seen);
    if (e.key === "Escape") {
      e.stopPropagation();
      props.onDone();
    }
  };
  return (
    <div className={styles.form}>
      {of !== "" ? (
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
        autoFocus={of !== ""}
        onChange={(e) => setValue(e.target.value)}
        onKeyDown={onKeyDown}
      />
      <IconButton
        size="small"
        label={t("common.save")}
        icon={<Check size={14} />}
        isDisabled={!ready}
        onPress={() => save(seen)}
      />
      {of !== "" ? (
        <IconButton
          size="small"
          label={t("runs.tag.remove", { key })}
          icon={<X size={14} />}
          isDisabled={pending || overtaken}
          onPress={() => void attempt(() => props.onDelete(key, seen), true)}
        />
      ) : (
        <IconButton
          size="small"
          label={t("common.cancel")}
          icon={<X size={14} />}
          onPress={() => props.onDone()}
        />
      )}
      {(wrong || overtaken || failure !== null) && (
        <div className={styles.notes}>
          {wrong && (
            <p role="alert" className={styles.wrong}>
              {wrong}
            </p>
          )}
          {overtaken ? (
            <Overtaken
              theirs={now}
              onTake={() => {
                if (now === null) return props.onDone();
                setKnown(now);
                setValue(now);
                setFailure(null);
              }}
              onReplace={wrong === null ? () => save(now) : undefined}
            />
          ) : (
            failure !== null && <ErrorBanner error={failure} />
          )}
        </div>
      )}
    </div>
  );
}
