import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { newRouter } from "../src/app/router";
import { demoBackend } from "../src/fixtures";
import { BackendProvider } from "../src/shared/backend";
import { axeProblems } from "./render";

it("says without its program what was last known, and keeps what is on the screen", async () => {
  render(
    <BackendProvider backend={demoBackend("offline")}>
      <RouterProvider router={newRouter(createMemoryHistory({ initialEntries: ["/models"] }))} />
    </BackendProvider>,
  );
  await screen.findByText(/The console program does not answer/);
  await screen.findByRole("link", { name: "Last known: 2 of 3 machines connected" });
  expect(await screen.findByText("x-ray-triage")).toBeTruthy();
  expect(await axeProblems()).toEqual([]);
});
