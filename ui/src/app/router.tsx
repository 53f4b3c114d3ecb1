import { createRootRoute, createRoute, createRouter, type RouterHistory } from "@tanstack/react-router";
import { Frame } from "./Frame";
import { lazy } from "./lazy";
import { NotFound, ScreenError } from "./ScreenError";

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound, errorComponent: ScreenError });

/** A view and where it lives. Each feature is loaded when it is first opened. */
function view(path: string, component: ReturnType<typeof lazy>) {
  return createRoute({ getParentRoute: () => root, path, component, errorComponent: ScreenError });
}

const machines = () => import("../features/machines");
const setup = () => import("../features/setup");
const runs = () => import("../features/runs");
const reports = () => import("../features/reports");
const models = () => import("../features/models");
const deployments = () => import("../features/deployments");

const routes = [
  view(
    "/",
    lazy(() => import("../features/overview"), "OverviewPage"),
  ),
  view("/machines", lazy(machines, "MachinesPage")),
  view("/machines/$machineId", lazy(machines, "MachinePage")),
  view("/setup", lazy(setup, "RegisterMachinePage")),
  view("/setup/$draftId", lazy(setup, "RegisterMachinePage")),
  view("/runs", lazy(runs, "RunsPage")),
  view("/runs/new", lazy(runs, "NewRunPage")),
  view(
    "/compare",
    lazy(() => import("../features/compare"), "ComparePage"),
  ),
  view("/runs/$runId", lazy(runs, "RunPage")),
  view("/reports", lazy(reports, "ReportsPage")),
  view("/reports/$reportId", lazy(reports, "ReportPage")),
  view("/models", lazy(models, "ModelsPage")),
  view("/models/$name", lazy(models, "ModelPage")),
  view("/models/$name/compare", lazy(models, "CompareVersionsPage")),
  view("/models/$name/$version", lazy(models, "VersionPage")),
  view("/deployments", lazy(deployments, "DeploymentsPage")),
  view("/deployments/new", lazy(deployments, "NewDeploymentPage")),
  view("/deployments/$id", lazy(deployments, "DeploymentPage")),
  view(
    "/activity",
    lazy(() => import("../features/activity"), "ActivityPage"),
  ),
  view(
    "/settings",
    lazy(() => import("../features/settings"), "SettingsPage"),
  ),
];

/** Addresses stay readable: a word is itself, anything else is JSON. Views read every value as text. */
function parseSearch(text: string): Record<string, unknown> {
  return Object.fromEntries(new URLSearchParams(text));
}

function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === "") continue;
    params.set(key, typeof value === "string" ? value : JSON.stringify(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

export function newRouter(history?: RouterHistory) {
  return createRouter({
    routeTree: root.addChildren(routes),
    defaultPendingMs: 300,
    scrollRestoration: false,
    parseSearch,
    stringifySearch,
    ...(history ? { history } : {}),
  });
}

export type ConsoleRouter = ReturnType<typeof newRouter>;

const PLACE = "skerry.place";

/** Where the console was left, and in which workspace: a path means nothing in another one. */
interface Place {
  workspace: string;
  path: string;
}

function lastPlace(): Place | null {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? "null") as Partial<Place> | null;
    const { workspace, path } = kept ?? {};
    return typeof workspace === "string" && typeof path === "string" && /^\/(?!\/)/.test(path)
      ? { workspace, path }
      : null;
  } catch {
    return null;
  }
}

/** Whether the page was opened without an address of its own. */
export function openedFresh(): boolean {
  return window.location.pathname === "/" && !window.location.search && window.history.length <= 1;
}

/** Goes to where the workspace was left (when `restore`), and from then on keeps the address of each view. */
export function keepPlace(router: ConsoleRouter, workspace: string, restore: boolean): () => void {
  const last = lastPlace();
  if (restore && last?.workspace === workspace && router.state.location.pathname === "/") {
    router.history.replace(last.path);
  }
  return router.subscribe("onResolved", ({ toLocation }) => {
    localStorage.setItem(PLACE, JSON.stringify({ workspace, path: toLocation.href } satisfies Place));
  });
}
