import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { I18nProvider } from "react-aria-components";
import { newRouter } from "../src/app/router";
import { demoHandlers } from "../src/fixtures";
import { BackendProvider } from "../src/shared/backend";
import { fakeBackend, type Handlers } from "../src/shared/backend/fake";
import { currentLocale } from "../src/shared/i18n";

/** The console at a path, on made-up data; `handlers` replace single commands. */
export function renderScreen(path: string, handlers: Handlers = {}, variant = "") {
  const backend = fakeBackend({ ...demoHandlers(variant), ...handlers });
  const router = newRouter(createMemoryHistory({ initialEntries: [path] }));
  const view = render(
    <BackendProvider backend={backend}>
      <I18nProvider locale={currentLocale()}>
        <RouterProvider router={router} />
      </I18nProvider>
    </BackendProvider>,
  );
  return { ...view, backend, router, user: userEvent.setup({ delay: null }) };
}

/** What axe finds wrong, one line each. Colours are tested on the tokens: there is no layout here. */
export async function axeProblems(element: Element = document.body): Promise<string[]> {
  // React Aria's announcer holds references to names that may be gone by now.
  const { violations } = await axe.run(
    { include: [element], exclude: [["[data-live-announcer]"]] },
    {
      rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
    },
  );
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`));
}
