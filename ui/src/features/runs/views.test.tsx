import { screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { giveLayout } from "../../../tests/layout";
import { axeProblems, renderScreen } from "../../../tests/render";

giveLayout(192);

it("opens a view, marks it as changed, saves it under its name and another, renames and deletes it", async () => {
  const { user, backend, router } = renderScreen("/runs");
  const saved = () => backend.calls.filter((c) => c.name === "run_view_save").map((c) => c.args);
  const choose = async (button: RegExp, item: string) => {
    await user.click(await screen.findByRole("button", { name: button }));
    await user.click(await screen.findByRole("menuitem", { name: item }));
  };
  await user.click(await screen.findByRole("button", { name: "All runs" }));
  await screen.findByRole("menuitem", { name: "Best penguins" });
  expect(await axeProblems()).toEqual([]);
  await user.keyboard("{Escape}");
  await choose(/All runs/, "Best penguins");
  const asked = () => backend.calls.filter((c) => c.name === "runs_search").at(-1)?.args;
  await waitFor(() =>
    expect(asked()).toMatchObject({
      filter: "metrics.accuracy > 0.9",
      experiment: "penguins",
      order_by: ["metrics.`accuracy` DESC"],
    }),
  );
  expect(router.state.location.search).toMatchObject({ view: "a".repeat(32) });
  await user.type(screen.getByRole("searchbox", { name: "Filter runs" }), "5{Enter}");
  await choose(/Best penguins.*changed/, "Save changes");
  await waitFor(() => expect(saved().at(-1)).toMatchObject({ filter: "metrics.accuracy > 0.95" }));
  await waitFor(() => expect(screen.queryByText("changed")).toBeNull());

  // Which stage is shown belongs to the view.
  await user.click(screen.getByRole("button", { name: /Life stage/ }));
  await user.click(await screen.findByRole("option", { name: "Archived" }));
  await choose(/Best penguins.*changed/, "Save changes");
  await waitFor(() => expect(saved().at(-1)).toMatchObject({ stage: "archived" }));
  await choose(/Best penguins/, "All runs");
  await waitFor(() => expect(router.state.location.search).not.toHaveProperty("stage"));
  await choose(/All runs/, "Best penguins");
  await waitFor(() => expect(router.state.location.search).toMatchObject({ stage: "archived" }));

  await choose(/Best penguins/, "Save as a view…");
  const name = await screen.findByRole("textbox", { name: "Name of the view" });
  await user.type(name, "Best penguins{Enter}");
  await screen.findByText("Another view has this name.");
  await user.type(name, " 2{Enter}");
  await choose(/Best penguins 2/, "Rename view…");
  await user.type(await screen.findByRole("textbox", { name: "Name of the view" }), "1{Enter}");
  await choose(/Best penguins 21/, "Delete view");
  await screen.findByText("View Best penguins 21 deleted");
  await screen.findByRole("button", { name: "All runs" });
  await user.click(screen.getByRole("button", { name: "Undo" }));
  await waitFor(() => expect(saved().at(-1)).toMatchObject({ name: "Best penguins 21" }));
});
