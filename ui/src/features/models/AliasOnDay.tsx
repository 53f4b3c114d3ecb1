import { useId, useState } from "react";
import type { AliasAt, ModelDetail } from "../../bindings/api";
import { useQueryCommand } from "../../shared/backend";
import { ErrorBanner, Select } from "../../shared/components";
import { formatTime } from "../../shared/format";
import { t } from "../../shared/i18n";
import { whoWords } from "./historyWords";
import styles from "./models.module.css";

/** A day as a date field has it, in this place's time. */
export function dayOf(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The first and the last millisecond of a day here; null for what is no day. */
export function spanOf(day: string): { from: number; to: number } | null {
  const parts = /^(\d{4,6})-(\d{2})-(\d{2})$/.exec(day);
  if (!parts) return null;
  const [year, month, date] = [Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])];
  const from = new Date(year, month, date).getTime();
  // Days have 23 to 25 hours.
  const to = new Date(year, month, date + 1).getTime() - 1;
  return Number.isFinite(from) && Number.isFinite(to) ? { from, to } : null;
}

/** What an alias stood for on a day, with each move of the day. */
export function AliasOnDay({ model }: { model: ModelDetail }) {
  const { name } = model.row;
  const aliases = [...new Set([...model.row.aliases.map((a) => a.alias), ...model.protected])].sort();
  const [chosen, setChosen] = useState<string | null>(null);
  const [day, setDay] = useState(() => dayOf(Date.now()));
  const id = useId();
  const alias = chosen ?? model.protected[0] ?? aliases[0] ?? "";
  const span = spanOf(day);
  const query = useQueryCommand(
    "alias_at",
    { name, alias, from: span?.from ?? 0, to: span?.to ?? 0 },
    { enabled: alias !== "" && span !== null, keepPrevious: true },
  );
  if (aliases.length === 0) return null;
  return (
    <section className={styles.onDay} aria-labelledby={id}>
      <h2 id={id}>{t("history.at.title")}</h2>
      <div className={styles.inline}>
        <Select
          label={t("history.at.alias")}
          value={alias}
          onChange={setChosen}
          options={aliases.map((each) => ({ value: each, label: each }))}
        />
        <label className={styles.day}>
          <span>{t("history.at.day")}</span>
          <input type="date" value={day} max={dayOf(Date.now())} onChange={(e) => setDay(e.target.value)} />
        </label>
      </div>
      <div role="status" className={styles.stood}>
        {query.error ? (
          <ErrorBanner error={query.error} />
        ) : span === null ? (
          <p className="quiet">{t("history.at.noDay")}</p>
        ) : query.data ? (
          <Stood found={query.data} from={span.from} />
        ) : null}
      </div>
    </section>
  );
}

function Stood({ found, from }: { found: AliasAt; from: number }) {
  const version = (n: number | null) =>
    n === null ? t("history.at.nothing") : t("history.at.version", { n });
  const unknown = found.since === null && found.known_from !== null && from < found.known_from;
  const start = unknown
    ? t("history.at.unknown", { time: formatTime(found.known_from ?? 0) })
    : version(found.version);
  return (
    <ol>
      <li>
        <span className="quiet">{t("history.at.start")}</span>
        <b>{start}</b>
      </li>
      {found.moves.map((row) => (
        <li key={row.seq}>
          <span className="quiet">{formatTime(row.at)}</span>
          <b>{version(row.event === "alias_removed" ? null : row.version)}</b>
          <span className="quiet">{whoWords(row)}</span>
        </li>
      ))}
    </ol>
  );
}
