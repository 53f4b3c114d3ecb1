import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useState, useSyncExternalStore } from "react";
import { I18nProvider } from "react-aria-components";
import { type Backend, BackendProvider, useQueryCommand } from "../shared/backend";
import { currentLanguage, currentLocale, onLanguageChange } from "../shared/i18n";
import { useAppearance } from "./appearance";
import { keepPlace, newRouter, openedFresh } from "./router";

function Console() {
  const settings = useQueryCommand("settings_get", null);
  useAppearance(settings.data);
  const language = useSyncExternalStore(onLanguageChange, currentLanguage);
  const [router] = useState(() => newRouter());
  const [fresh] = useState(openedFresh);
  const info = useQueryCommand("app_info", null);
  const workspace = info.data?.data_dir;
  useEffect(() => (workspace ? keepPlace(router, workspace, fresh) : undefined), [router, workspace, fresh]);
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
