import { useRouter } from "@tanstack/react-router";
import {
  Activity,
  Box,
  FileChartColumn,
  FlaskConical,
  Gauge,
  Languages,
  LineChart,
  Moon,
  Plus,
  Rocket,
  Search,
  Server,
  Settings as SettingsIcon,
  Sun,
  SunMoon,
} from "lucide-react";
import {
  type ComponentType,
  type KeyboardEvent,
  useDeferredValue,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";
import { Dialog, Modal, ModalOverlay } from "react-aria-components";
import type { PaletteItem, PaletteKind, Settings } from "../bindings/api";
import { useMutationCommand, useQueryCommand } from "../shared/backend";
import { Kbd } from "../shared/components";
import { classes } from "../shared/components/classes";
import overlay from "../shared/components/Overlay.module.css";
import { t } from "../shared/i18n";
import { fuzzy } from "./fuzzy";
import styles from "./Palette.module.css";

interface Choice {
  id: string;
  group: "recent" | "screens" | "actions" | "found";
  label: string;
  hint?: string;
  icon: ComponentType<{ size?: number }>;
  run: () => void;
}

const RECENT = "skerry.palette";
const KIND_ICONS: Record<PaletteKind, Choice["icon"]> = {
  run: LineChart,
  machine: Server,
  model: Box,
  deployment: Rocket,
  experiment: FlaskConical,
  report: FileChartColumn,
};

function pathOf(item: PaletteItem): string {
  const id = encodeURIComponent(item.id);
  switch (item.kind) {
    case "run":
      return `/runs/${id}`;
    case "machine":
      return `/machines/${id}`;
    case "model":
      return `/models/${id}`;
    case "deployment":
      return `/deployments/${id}`;
    case "experiment":
      return `/runs?experiment=${id}`;
    case "report":
      return `/reports/${id}`;
  }
}

function kindWord(kind: PaletteKind): string {
  return t(`palette.kind.${kind}`);
}

function recentIds(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(RECENT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((id) => typeof id === "string").slice(0, 8) : [];
  } catch {
    return [];
  }
}

function useChoices(onClose: () => void): Choice[] {
  const { history } = useRouter();
  const settings = useQueryCommand("settings_get", null);
  const save = useMutationCommand("settings_set");
  const { mutate } = save;
  const now = settings.data;
  return useMemo(() => {
    const open = (path: string) => () => {
      onClose();
      history.push(path);
    };
    const change = (part: Partial<Settings>) => () => {
      onClose();
      if (now) mutate({ ...now, ...part });
    };
    const screen = (path: string, label: string, icon: Choice["icon"]): Choice => ({
      id: `screen:${path}`,
      group: "screens",
      label,
      icon,
      run: open(path),
    });
    const action = (id: string, label: string, icon: Choice["icon"], run: () => void): Choice => ({
      id: `action:${id}`,
      group: "actions",
      label,
      icon,
      run,
    });
    return [
      screen("/", t("nav.overview"), Gauge),
      screen("/machines", t("nav.machines"), Server),
      screen("/runs", t("nav.runs"), LineChart),
      screen("/reports", t("nav.reports"), FileChartColumn),
      screen("/models", t("nav.models"), Box),
      screen("/deployments", t("nav.deployments"), Rocket),
      screen("/activity", t("nav.activity"), Activity),
      screen("/settings", t("nav.settings"), SettingsIcon),
      action("new-run", t("palette.newRun"), Plus, open("/runs/new")),
      action("new-report", t("palette.newReport"), Plus, open("/reports/new")),
      action("register", t("palette.register"), Plus, open("/setup")),
      action("deploy", t("palette.deploy"), Rocket, open("/deployments/new")),
      action("light", t("palette.light"), Sun, change({ theme: "light" })),
      action("dark", t("palette.dark"), Moon, change({ theme: "dark" })),
      action("system", t("palette.system"), SunMoon, change({ theme: "system" })),
      action("english", t("palette.english"), Languages, change({ language: "en" })),
      action("swedish", t("palette.swedish"), Languages, change({ language: "sv" })),
    ];
  }, [history, mutate, now, onClose]);
}

/** The label with what matched in colour, in as few pieces as there are stretches. */
function Marked(props: { text: string; at: readonly number[] }) {
  const marked = new Set(props.at);
  const pieces: { from: number; text: string; hit: boolean }[] = [];
  Array.from(props.text).forEach((letter, index) => {
    const hit = marked.has(index);
    const last = pieces.at(-1);
    if (last && last.hit === hit) last.text += letter;
    else pieces.push({ from: index, text: letter, hit });
  });
  return (
    <span>{pieces.map((piece) => (piece.hit ? <b key={piece.from}>{piece.text}</b> : piece.text))}</span>
  );
}

/** One field for screens, actions and everything that has a name. */
export function Palette(props: { onClose: () => void }) {
  const { history } = useRouter();
  const { onClose } = props;
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState("");
  const [cursor, setCursor] = useState(0);
  const asked = useDeferredValue(query.trim().slice(0, 200));
  const found = useQueryCommand(
    "palette_search",
    { query: asked },
    { enabled: asked !== "", keepPrevious: true },
  );
  const fixed = useChoices(onClose);

  const shown = useMemo(() => {
    const wanted = query.trim();
    if (wanted === "") {
      const recent = recentIds();
      const first = recent
        .map((each) => fixed.find((choice) => choice.id === each))
        .filter((choice) => choice !== undefined)
        .slice(0, 3)
        .map((choice) => ({ ...choice, group: "recent" as const }));
      const rest = fixed.filter((choice) => !first.some((each) => each.id === choice.id));
      return [...first, ...rest].map((choice) => ({ choice, at: [] as readonly number[] }));
    }
    const matches = fixed
      .map((choice) => ({ choice, fit: fuzzy(wanted, choice.label) }))
      .filter((each) => each.fit !== null)
      .sort((a, b) => (b.fit?.score ?? 0) - (a.fit?.score ?? 0))
      .map((each) => ({ choice: each.choice, at: each.fit?.at ?? [] }));
    const things = (asked === "" ? [] : (found.data ?? [])).map((item) => ({
      choice: {
        id: `${item.kind}:${item.id}`,
        group: "found" as const,
        label: item.label,
        hint: [kindWord(item.kind), item.hint].filter(Boolean).join(" · "),
        icon: KIND_ICONS[item.kind],
        run: () => {
          onClose();
          history.push(pathOf(item));
        },
      } satisfies Choice,
      at: fuzzy(wanted, item.label)?.at ?? [],
    }));
    return [...matches.slice(0, 6), ...things];
  }, [query, asked, fixed, found.data, history, onClose]);

  const active = Math.min(cursor, Math.max(0, shown.length - 1));
  useEffect(() => {
    list.current?.querySelector(`[data-index="${active}"]`)?.scrollIntoView?.({ block: "nearest" });
  }, [active]);

  const take = (choice: Choice | undefined) => {
    if (!choice) return;
    localStorage.setItem(
      RECENT,
      JSON.stringify([choice.id, ...recentIds().filter((each) => each !== choice.id)].slice(0, 8)),
    );
    choice.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const last = shown.length - 1;
      if (Math.abs(step) === 1)
        setCursor(active + step < 0 ? last : active + step > last ? 0 : active + step);
      else setCursor(Math.max(0, Math.min(last, active + step)));
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      take(shown[active]?.choice);
    }
  };
  const groupWord = {
    recent: t("palette.recent"),
    screens: t("palette.screens"),
    actions: t("palette.actions"),
    found: t("palette.found"),
  };

  return (
    <ModalOverlay
      className={overlay.scrim ?? ""}
      isOpen
      isDismissable
      onOpenChange={(open) => !open && onClose()}
    >
      <Modal className={classes(overlay.modal, overlay.medium)}>
        <Dialog className={styles.palette ?? ""} aria-label={t("palette.title")}>
          <div className={styles.field}>
            <Search size={16} aria-hidden />
            <input
              className={styles.input}
              autoFocus
              role="combobox"
              aria-label={t("palette.title")}
              aria-expanded
              aria-controls={`${id}-list`}
              aria-activedescendant={shown.length > 0 ? `${id}-${active}` : undefined}
              aria-autocomplete="list"
              autoComplete="off"
              spellCheck={false}
              maxLength={200}
              placeholder={t("palette.placeholder")}
              value={query}
              onChange={(event) => {
                setQuery(event.target.value);
                setCursor(0);
              }}
              onKeyDown={onKeyDown}
            />
          </div>
          <div
            className={styles.list}
            role="listbox"
            id={`${id}-list`}
            aria-label={t("palette.title")}
            ref={list}
          >
            {shown.map(({ choice, at }, index) => {
              const Icon = choice.icon;
              const head = shown[index - 1]?.choice.group !== choice.group;
              return (
                <div key={`${choice.group}:${choice.id}`} role="presentation">
                  {head ? (
                    <div className={styles.group} role="presentation">
                      {groupWord[choice.group]}
                    </div>
                  ) : null}
                  {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled by the field, which keeps the focus */}
                  <div
                    role="option"
                    tabIndex={-1}
                    id={`${id}-${index}`}
                    data-index={index}
                    aria-label={[choice.label, choice.hint].filter(Boolean).join(", ")}
                    aria-selected={index === active}
                    className={styles.option}
                    onMouseMove={() => index !== active && setCursor(index)}
                    onClick={() => take(choice)}
                  >
                    <Icon size={16} aria-hidden />
                    <Marked text={choice.label} at={at} />
                    {choice.hint ? <span className={styles.hint}>{choice.hint}</span> : null}
                  </div>
                </div>
              );
            })}
            {shown.length === 0 ? (
              <div className={styles.nothing}>{t("palette.nothing", { query: query.trim() })}</div>
            ) : null}
          </div>
          <div className={styles.foot}>
            <Kbd>↑</Kbd>
            <Kbd>↓</Kbd>
            <Kbd>↵</Kbd>
            <Kbd>Esc</Kbd>
            <span>{t("palette.keys")}</span>
            <span className="visually-hidden" role="status">
              {t("palette.results", { n: shown.length })}
            </span>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
