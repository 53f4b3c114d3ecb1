import { useSyncExternalStore } from "react";
import { currentLanguage, currentLocale, t } from "../i18n";
import { agoFormat, dateFormat, numberFormat } from "./intl";

export { numberFormat };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The end of an id: enough to tell runs apart. Its beginning is the time, which many share. */
export const shortId = (id: string) => id.slice(-8);

/** A point in time (ms since the epoch) as people write it; today without the date. */
export function formatTime(at: number, now = Date.now()): string {
  const date = new Date(at);
  const sameDay = new Date(now).toDateString() === date.toDateString();
  return dateFormat(
    currentLocale(),
    sameDay
      ? { hour: "2-digit", minute: "2-digit", second: "2-digit" }
      : { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
  ).format(date);
}

/** The exact time with its zone: what stands in the hover. */
export function formatExactTime(at: number): string {
  return dateFormat(currentLocale(), {
    dateStyle: "full",
    timeStyle: "long",
  }).format(new Date(at));
}

/** How long ago: "3 min ago". */
export function formatAgo(at: number, now = Date.now()): string {
  const ms = Math.max(0, now - at);
  if (ms < 45_000) return t("common.justNow");
  const words = agoFormat(currentLocale(), { style: "short", numeric: "always" });
  if (ms < HOUR) return words.format(-Math.round(ms / MINUTE), "minute");
  if (ms < DAY) return words.format(-Math.round(ms / HOUR), "hour");
  if (ms < 45 * DAY) return words.format(-Math.round(ms / DAY), "day");
  return formatTime(at, now);
}

/** A length of time in at most two units: "3 min 12 s". */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${formatNumber(Math.round(seconds * 10) / 10)} s`;
  const whole = Math.round(seconds);
  const hour = currentLanguage() === "sv" ? "tim" : "h";
  const day = "d";
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} ${hour} ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} ${day} ${Math.floor((whole % 86_400) / 3600)} ${hour}`;
}

/** A length of time that is only roughly known: "4 min", never seconds beside minutes. */
export function formatRough(ms: number): string {
  const few = Math.max(5_000, Math.ceil(ms / 5_000) * 5_000);
  if (few < 60_000) return formatDuration(few);
  const minutes = Math.max(1, ms / 60_000);
  if (minutes < 60) return `${Math.round(minutes)} min`;
  return formatDuration(Math.round(minutes / 5) * 300_000);
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** A size in binary units: "1.4 GiB". */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return "–";
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  const shown = numberFormat(currentLocale(), { maximumFractionDigits: digits }).format(value);
  return `${bytes < 0 ? "−" : ""}${shown} ${UNITS[unit]}`;
}

/** A number to at most `digits` significant digits; very small and very large ones in exponents; NaN and ∞ as words. */
export function formatNumber(value: number, digits = 5): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Number.POSITIVE_INFINITY) return "∞";
  if (value === Number.NEGATIVE_INFINITY) return "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9))
    return value.toExponential(Math.min(3, digits - 1)).replace("-", "−");
  return numberFormat(currentLocale(), {
    maximumSignificantDigits: size >= 10 ** digits ? undefined : digits,
    maximumFractionDigits: size >= 10 ** digits ? 0 : undefined,
  }).format(value);
}

interface Clock {
  now: number;
  subscribe: (tick: () => void) => () => void;
}

const clocks = new Map<number, Clock>();

/** One timer for all that tick alike: a long table of times does not hold a timer for each. */
function clockOf(everyMs: number): Clock {
  const known = clocks.get(everyMs);
  if (known) return known;
  const ticks = new Set<() => void>();
  let timer: ReturnType<typeof setInterval> | undefined;
  const clock: Clock = {
    now: Date.now(),
    subscribe(tick) {
      if (ticks.size === 0) {
        clock.now = Date.now();
        timer = setInterval(() => {
          clock.now = Date.now();
          for (const each of ticks) each();
        }, everyMs);
      }
      ticks.add(tick);
      return () => {
        ticks.delete(tick);
        if (ticks.size === 0) clearInterval(timer);
      };
    },
  };
  clocks.set(everyMs, clock);
  return clock;
}

/** The clock, for words like "3 min ago"; ticks only as fast as the words change. */
export function useNow(everyMs: number): number {
  const clock = clockOf(everyMs);
  return useSyncExternalStore(clock.subscribe, () => clock.now);
}

export function Time(props: { at: number | null | undefined; relative?: boolean }) {
  const now = useNow(props.relative ? 15_000 : 60_000);
  if (props.at == null) return <span className="quiet">{t("common.never")}</span>;
  return (
    <time dateTime={new Date(props.at).toISOString()} title={formatExactTime(props.at)}>
      {props.relative ? formatAgo(props.at, now) : formatTime(props.at, now)}
    </time>
  );
}

/** A sentence that tells a time in its own words: the exact one, with its zone, is on hover. */
export function Told(props: { at: number; children: string; className?: string }) {
  return (
    <span title={formatExactTime(props.at)} className={props.className}>
      {props.children}
    </span>
  );
}

export function Duration(props: { ms: number }) {
  return (
    <span className="num" title={`${formatNumber(props.ms / 1000, 9)} s`}>
      {formatDuration(props.ms)}
    </span>
  );
}

export function Bytes(props: { n: number }) {
  return (
    <span className="num" title={`${numberFormat(currentLocale(), {}).format(props.n)} B`}>
      {formatBytes(props.n)}
    </span>
  );
}

export function Num(props: { v: number; digits?: number }) {
  return (
    <span className="num" title={String(props.v)}>
      {formatNumber(props.v, props.digits)}
    </span>
  );
}
