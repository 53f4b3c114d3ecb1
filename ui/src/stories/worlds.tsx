import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { I18nProvider } from "react-aria-components";
import { demoBackend } from "../fixtures";
import { BackendProvider } from "../shared/backend";
import { currentLocale } from "../shared/i18n";

export const NOW = Date.now();

/** What a component stands in: a program (a made-up one), a router that goes nowhere, a language. */
export function World(props: { children: ReactNode }) {
  const [backend] = useState(() => demoBackend(""));
  const [router] = useState(() =>
    createRouter({
      routeTree: createRootRoute({ component: () => props.children }),
      history: createMemoryHistory({ initialEntries: ["/"] }),
      defaultNotFoundComponent: () => props.children,
    }),
  );
  return (
    <BackendProvider backend={backend}>
      <I18nProvider locale={currentLocale()}>
        <RouterProvider router={router} />
      </I18nProvider>
    </BackendProvider>
  );
}
