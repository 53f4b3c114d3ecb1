// First: before any chunk with uPlot is loaded.
import "./shared/charts/safeLanguage";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { applyAppearance, lastAppearance } from "./app/appearance";
import { preloadViews } from "./app/lazy";
import type { Backend } from "./shared/backend";
import "./shared/base.css";

async function chooseBackend(): Promise<Backend> {
  // Only in dev builds: `?fake` shows the screens on made-up data without a program behind them.
  if (import.meta.env.DEV && new URLSearchParams(location.search).has("fake")) {
    const { demoBackend } = await import("./fixtures");
    return demoBackend(new URLSearchParams(location.search).get("fake") ?? "");
  }
  if ("__TAURI_INTERNALS__" in window) return (await import("./shared/backend/tauri")).tauriBackend();
  return (await import("./shared/backend/web")).webBackend();
}

applyAppearance(lastAppearance());
const root = document.getElementById("root");
if (root) {
  const backend = await chooseBackend();
  createRoot(root).render(<App backend={backend} />);
  // Once the first view has had time to be drawn.
  setTimeout(() => void preloadViews(), 1500);
}
