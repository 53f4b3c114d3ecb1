import { RouterProvider } from "@tanstack/react-router";
import { useState, useSyncExternalStore } from "react";
import { I18nProvider } from "react-aria-components";
import { type Backend, BackendProvider, useQueryCommand } from "../shared/backend";
import { currentLanguage, currentLocale, onLanguageChange } from "../shared/i18n";
import { useAppearance } from "./appearance";
import { newRouter, rememberPlace, startPlace } from "./router";

function Console() {
  const settings = useQueryCommand("settings_get", null);
  useAppearance(settings.data);
  const language = useSyncExternalStore(onLanguageChange, currentLanguage);
  const [router] = useState(() => {
    const made = newRouter();
    rememberPlace(made);
    startPlace(made);
    return made;
  });
  // Words are looked up while rendering: another language means another tree.
  return (
    <I18nProvider locale={currentLocale()} key={language}>
      <RouterProvider router={router} />
    </I18nProvider>
  );
}

export function App(props: { backend: Backend }) {
  return (
    <BackendProvider backend={props.backend}>
      <Console />
    </BackendProvider>
  );
}
