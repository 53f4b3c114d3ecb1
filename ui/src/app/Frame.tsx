import { Outlet, useRouterState } from "@tanstack/react-router";
import {
  Activity,
  Bell,
  Box,
  FileChartColumn,
  Gauge,
  LineChart,
  PanelLeftClose,
  PanelLeftOpen,
  Rocket,
  Search,
  Server,
  Settings,
} from "lucide-react";
import { type ComponentType, Suspense, useCallback, useEffect, useState } from "react";
import { Dialog, DialogTrigger, Popover } from "react-aria-components";
import type { NeedKind } from "../bindings/api";
import { useLinkState, useQueryCommand } from "../shared/backend";
import { IconButton, Kbd, Link, LoadingShape, Time } from "../shared/components";
import { Mark } from "../shared/components/Mark";
import { markNotesRead, Toasts, useNotes } from "../shared/components/Toast";
import { t } from "../shared/i18n";
import styles from "./Frame.module.css";
import { Palette } from "./Palette";
import { useNews } from "./useNews";

interface Entry {
  to: string;
  label: () => string;
  icon: ComponentType<{ size?: number }>;
  needs: readonly NeedKind[];
}

const ENTRIES: readonly Entry[] = [
  { to: "/", label: () => t("nav.overview"), icon: Gauge, needs: [] },
  {
    to: "/machines",
    label: () => t("nav.machines"),
    icon: Server,
    needs: ["machine_unreachable", "setup_unfinished"],
  },
  { to: "/runs", label: () => t("nav.runs"), icon: LineChart, needs: ["run_failed"] },
  { to: "/reports", label: () => t("nav.reports"), icon: FileChartColumn, needs: [] },
  {
    to: "/models",
    label: () => t("nav.models"),
    icon: Box,
    needs: ["approval_asked", "unprotect_asked"],
  },
  { to: "/deployments", label: () => t("nav.deployments"), icon: Rocket, needs: ["deployment_unhealthy"] },
  { to: "/activity", label: () => t("nav.activity"), icon: Activity, needs: [] },
  { to: "/settings", label: () => t("nav.settings"), icon: Settings, needs: ["secrets_locked"] },
];

function within(path: string, entry: string): boolean {
  if (entry === "/") return path === "/";
  if (entry === "/machines" && path.startsWith("/setup")) return true;
  return path === entry || path.startsWith(`${entry}/`);
}

function Rail(props: { collapsed: boolean; onToggle: () => void }) {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const overview = useQueryCommand("overview", null);
  const needs = overview.data?.needs ?? [];
  return (
    <nav className={styles.rail} aria-label={t("nav.main")}>
      <Link to="/" className={styles.brand ?? ""}>
        <Mark size={21} />
        <span className={styles.word}>Skerry</span>
      </Link>
      <div className={styles.nav}>
        {ENTRIES.map((entry) => {
          const Icon = entry.icon;
          const count = needs.filter((need) => entry.needs.includes(need.kind)).length;
          return (
            <RailLink
              key={entry.to}
              to={entry.to}
              current={within(path, entry.to)}
              label={entry.label()}
              collapsed={props.collapsed}
            >
              <Icon size={16} aria-hidden />
              <span className={styles.word}>{entry.label()}</span>
              {count > 0 ? (
                <span className={styles.badge}>
                  <span aria-hidden>{count}</span>
                  <span className="visually-hidden">{t("nav.needs", { n: count })}</span>
                </span>
              ) : null}
            </RailLink>
          );
        })}
      </div>
      <div className={styles.gap} />
      <button
        type="button"
        className={styles.collapse}
        onClick={props.onToggle}
        aria-expanded={!props.collapsed}
      >
        {props.collapsed ? <PanelLeftOpen size={16} aria-hidden /> : <PanelLeftClose size={16} aria-hidden />}
        <span className={styles.word}>{props.collapsed ? t("nav.expand") : t("nav.collapse")}</span>
      </button>
    </nav>
  );
}

function RailLink(props: {
  to: string;
  current: boolean;
  label: string;
  collapsed: boolean;
  children: React.ReactNode;
}) {
  return (
    <Link
      to={props.to}
      className={styles.entry ?? ""}
      current={props.current}
      {...(props.collapsed ? { title: props.label } : {})}
    >
      {props.children}
    </Link>
  );
}

function MachineLinks() {
  const link = useLinkState();
  const machines = useQueryCommand("machines_list", null);
  const rows = machines.data ?? [];
  if (rows.length === 0) return null;
  const up = rows.filter((row) => row.link.state === "connected").length;
  // Without the program nobody looks: what is shown is what was so.
  const stale = link === "broken";
  const words = t(stale ? "frame.connectedLast" : "frame.connected", { up, n: rows.length });
  return (
    <Link to="/machines" className={styles.links ?? ""} label={words} title={words}>
      <span className={styles.dots} data-stale={stale || undefined} aria-hidden>
        {rows.slice(0, 8).map((row) => (
          <i key={row.id} data-state={row.link.state} />
        ))}
      </span>
      <span className={styles.linksWord} aria-hidden>
        {words}
      </span>
    </Link>
  );
}

function Notifications() {
  const { notes, unread } = useNotes();
  return (
    <DialogTrigger onOpenChange={(open) => !open && markNotesRead()}>
      <span className={styles.bell}>
        <IconButton
          label={unread > 0 ? t("frame.unread", { n: unread }) : t("frame.notifications")}
          icon={<Bell size={16} aria-hidden />}
        />
        {unread > 0 ? <i /> : null}
      </span>
      <Popover placement="bottom end" offset={6}>
        <Dialog className={styles.notes ?? ""} aria-label={t("frame.notifications")}>
          <h2>{t("frame.notifications")}</h2>
          {notes.length === 0 ? <p>{t("frame.noNotes")}</p> : null}
          <ul>
            {notes.map((note) => (
              <li key={note.id}>
                <div>{note.title}</div>
                {note.detail ? <div className="quiet">{note.detail}</div> : null}
                <small>
                  <Time at={note.at} relative />
                </small>
              </li>
            ))}
          </ul>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function SignedOut() {
  return (
    <main className={styles.signedOut}>
      <Mark size={40} />
      <h1>{t("frame.signedOutTitle")}</h1>
      <p>{t("frame.signedOutLead")}</p>
    </main>
  );
}

const COLLAPSED = "skerry.rail";
const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.userAgent ?? "");

/** What stays while the views change: the rail, the top bar, the palette, the toasts. */
export function Frame() {
  const [collapsed, setCollapsed] = useState(() => {
    const kept = localStorage.getItem(COLLAPSED);
    return kept === null ? window.innerWidth < 1100 : kept === "1";
  });
  const [palette, setPalette] = useState(false);
  const closePalette = useCallback(() => setPalette(false), []);
  const link = useLinkState();
  useNews();

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (
        (event.ctrlKey || event.metaKey) &&
        !event.shiftKey &&
        !event.altKey &&
        event.key.toLowerCase() === "k"
      ) {
        event.preventDefault();
        setPalette((open) => !open);
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);

  if (link === "signed-out") return <SignedOut />;
  return (
    <div className={styles.frame} data-collapsed={collapsed}>
      <a className={styles.skip} href="#main">
        {t("frame.skip")}
      </a>
      <Rail
        collapsed={collapsed}
        onToggle={() => {
          localStorage.setItem(COLLAPSED, collapsed ? "0" : "1");
          setCollapsed(!collapsed);
        }}
      />
      <header className={styles.top}>
        <button
          type="button"
          className={styles.search}
          onClick={() => setPalette(true)}
          aria-haspopup="dialog"
        >
          <Search size={14} aria-hidden />
          <span>{t("frame.search")}</span>
          <Kbd>{isMac ? "⌘" : "Ctrl"}</Kbd>
          <Kbd>K</Kbd>
        </button>
        <div className={styles.topRight}>
          <MachineLinks />
          <Notifications />
        </div>
      </header>
      <main className={styles.main} id="main" tabIndex={-1}>
        {link === "broken" ? (
          <div className={styles.broken} role="status">
            {t("frame.linkBroken")}
          </div>
        ) : null}
        <div className={styles.view}>
          <Suspense fallback={<LoadingShape />}>
            <Outlet />
          </Suspense>
        </div>
      </main>
      {palette ? <Palette onClose={closePalette} /> : null}
      <Toasts />
    </div>
  );
}
