import { ChevronDown, ChevronRight } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { Button, Checkbox, IconButton } from "../../shared/components";
import { t } from "../../shared/i18n";
import { pinsOf, withColumn } from "./columns";
import { metricColumn, metricColumnId } from "./metricColumns";
import styles from "./runs.module.css";

/** So many metrics are listed. */
const LISTED = 200;

/** The metrics that can be columns: by their last value, and by others when asked. */
export function MetricChoices(props: {
  keys: readonly string[];
  chosen: readonly string[];
  /** What is typed to find one. */
  wanted: string;
  onChange: (chosen: string[]) => void;
}) {
  const { ids } = pinsOf(props.chosen);
  const shown = ids.flatMap((id) => metricColumn(id) ?? []);
  const found = shown.filter((column) => column.key.toLocaleLowerCase().includes(props.wanted));
  const keys = [...new Set([...found.map((column) => column.key), ...props.keys])].sort();
  const special = new Set(shown.flatMap((column) => (column.of === "last" ? [] : [column.key])));
  return (
    <fieldset className={styles.group}>
      <legend>{t("runs.metrics")}</legend>
      {keys.length === 0 && (
        <p className="quiet">{t(props.wanted === "" ? "runs.noKeys" : "fields.nothingFound")}</p>
      )}
      {keys.slice(0, LISTED).map((metric) => (
        <MetricChoice
          key={metric}
          metric={metric}
          shown={ids}
          opened={special.has(metric)}
          onShow={(id, on) => props.onChange(withColumn(props.chosen, id, on))}
        />
      ))}
      {keys.length > LISTED && <p className="quiet">{t("fields.more", { n: keys.length - LISTED })}</p>}
    </fieldset>
  );
}

function MetricChoice(props: {
  metric: string;
  /** Ids of all columns that are shown. */
  shown: readonly string[];
  opened: boolean;
  onShow: (id: string, on: boolean) => void;
}) {
  const { metric: key, shown } = props;
  const [open, setOpen] = useState(props.opened);
  const body = useId();
  const steps = shown
    .flatMap((id) => metricColumn(id) ?? [])
    .flatMap((column) => (column.key === key && column.step !== null ? [column.step] : []))
    .sort((a, b) => a - b);
  const choice = (column: Parameters<typeof metricColumnId>[0], label: string) => {
    const id = metricColumnId(column);
    return (
      <Checkbox key={id} isSelected={shown.includes(id)} onChange={(on) => props.onShow(id, on)}>
        {label}
      </Checkbox>
    );
  };
  return (
    <>
      <div className={styles.metricChoice}>
        {choice({ key, of: "last", step: null }, key)}
        <IconButton
          size="small"
          label={t("columns.others", { metric: key })}
          icon={open ? <ChevronDown size={14} /> : <ChevronRight size={14} />}
          aria-expanded={open}
          aria-controls={open ? body : undefined}
          onPress={() => setOpen(!open)}
        />
      </div>
      {open && (
        <div
          id={body}
          role="group"
          aria-label={t("columns.others", { metric: key })}
          className={styles.metricOthers}
        >
          {choice({ key, of: "min", step: null }, t("columns.smallest"))}
          {choice({ key, of: "max", step: null }, t("columns.largest"))}
          {steps.map((step) => choice({ key, of: "at", step }, t("columns.atStep", { step: String(step) })))}
          <AtStep
            metric={key}
            onAdd={(step) => props.onShow(metricColumnId({ key, of: "at", step }), true)}
          />
        </div>
      )}
    </>
  );
}

function AtStep({ metric, onAdd }: { metric: string; onAdd: (step: number) => void }) {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState(false);
  const says = useId();
  const add = (event: FormEvent) => {
    event.preventDefault();
    const step = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(step)) {
      setWrong(true);
      return;
    }
    onAdd(step);
    setText("");
  };
  return (
    <form className={styles.atStep} onSubmit={add}>
      <input
        inputMode="numeric"
        aria-label={t("columns.stepOf", { metric })}
        placeholder={t("columns.step")}
        aria-invalid={wrong}
        aria-describedby={wrong ? says : undefined}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setWrong(false);
        }}
      />
      <Button type="submit" size="small">
        {t("columns.add")}
      </Button>
      {wrong && (
        <span id={says} role="alert">
          {t("columns.whole")}
        </span>
      )}
    </form>
  );
}
