import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouterHistory,
} from "@tanstack/react-router";
import { Frame } from "./Frame";
import { NotFound, ScreenError } from "./ScreenError";

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound, errorComponent: ScreenError });

/** A view and where it lives. Each feature is loaded when it is first opened. */
function view(path: string, component: ReturnType<typeof lazyRouteComponent>) {
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
    lazyRouteComponent(() => import("../features/overview"), "OverviewPage"),
  ),
  view("/machines", lazyRouteComponent(machines, "MachinesPage")),
  view("/machines/$machineId", lazyRouteComponent(machines, "MachinePage")),
  view("/setup", lazyRouteComponent(setup, "RegisterMachinePage")),
  view("/setup/$draftId", lazyRouteComponent(setup, "RegisterMachinePage")),
  view("/runs", lazyRouteComponent(runs, "RunsPage")),
  view("/runs/new", lazyRouteComponent(runs, "NewRunPage")),
  view(
    "/compare",
    lazyRouteComponent(() => import("../features/compare"), "ComparePage"),
  ),
  view("/runs/$runId", lazyRouteComponent(runs, "RunPage")),
  view("/reports", lazyRouteComponent(reports, "ReportsPage")),
  view("/reports/$reportId", lazyRouteComponent(reports, "ReportPage")),
  view("/models", lazyRouteComponent(models, "ModelsPage")),
  view("/models/$name", lazyRouteComponent(models, "ModelPage")),
  view("/models/$name/compare", lazyRouteComponent(models, "CompareVersionsPage")),
  view("/models/$name/$version", lazyRouteComponent(models, "VersionPage")),
  view("/deployments", lazyRouteComponent(deployments, "DeploymentsPage")),
  view("/deployments/new", lazyRouteComponent(deployments, "NewDeploymentPage")),
  view("/deployments/$id", lazyRouteComponent(deployments, "DeploymentPage")),
  view(
    "/activity",
    lazyRouteComponent(() => import("../features/activity"), "ActivityPage"),
  ),
  view(
    "/settings",
    lazyRouteComponent(() => import("../features/settings"), "SettingsPage"),
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
