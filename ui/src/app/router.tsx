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
  view("/runs/$runId", lazyRouteComponent(runs, "RunPage")),
  view("/models", lazyRouteComponent(models, "ModelsPage")),
  view("/models/$name", lazyRouteComponent(models, "ModelPage")),
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

/** Keeps the address of the view, so that the console opens where it was left. */
export function rememberPlace(router: ConsoleRouter): void {
  router.subscribe("onResolved", ({ toLocation }) => {
    localStorage.setItem(PLACE, toLocation.href);
  });
}

/** Goes to where the console was left, when it was started without an address of its own. */
export function startPlace(router: ConsoleRouter): void {
  const place = localStorage.getItem(PLACE);
  const fresh = window.location.pathname === "/" && !window.location.search && window.history.length <= 1;
  if (fresh && place?.startsWith("/") && !place.startsWith("//") && place !== "/")
    router.history.replace(place);
}
