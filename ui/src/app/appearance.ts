import { useEffect } from "react";
import type { Settings, Theme } from "../bindings/api";
import { setLanguage } from "../shared/i18n";

const KEY = "skerry.appearance";

/** What the last session looked like, so that the first frame has the right colours and words. */
export function lastAppearance(): Settings {
  const unknown: Settings = { theme: "system", language: null, compact: false };
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "null") as Partial<Settings> | null;
    return { ...unknown, ...kept };
  } catch {
    return unknown;
  }
}

const dark = () => window.matchMedia("(prefers-color-scheme: dark)");

function applyTheme(theme: Theme): void {
  const shown = theme === "system" ? (dark().matches ? "dark" : "light") : theme;
  document.documentElement.dataset.theme = shown;
}

/** Colours, words and density of the whole page. */
export function applyAppearance(settings: Settings): void {
  applyTheme(settings.theme);
  setLanguage(settings.language);
  document.documentElement.dataset.density = settings.compact ? "compact" : "normal";
  localStorage.setItem(KEY, JSON.stringify(settings));
}

export function useAppearance(settings: Settings | undefined): void {
  useEffect(() => {
    if (!settings) return;
    applyAppearance(settings);
    if (settings.theme !== "system") return;
    const media = dark();
    const follow = () => applyTheme("system");
    media.addEventListener("change", follow);
    return () => media.removeEventListener("change", follow);
  }, [settings]);
}
