import { act, screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { giveLayout } from "../../../tests/layout";
import { axeProblems, renderScreen } from "../../../tests/render";

giveLayout(192);

it("chooses, moves and pins columns by keyboard, and keeps them", async () => {
  const first = renderScreen("/runs");
  const { user } = first;
  await screen.findByText("amber-tern-100");
  const headers = () => screen.getAllByRole("columnheader", { hidden: true }).map((h) => h.textContent ?? "");
  await user.click(screen.getByRole("button", { name: "Columns" }));
  const dialog = await screen.findByRole("dialog", { name: "Columns shown" });
  expect(await axeProblems()).toEqual([]);
  await user.click(within(dialog).getByRole("checkbox", { name: "batch_size" }));
  await user.click(within(dialog).getByRole("checkbox", { name: "team" }));
  await user.click(within(dialog).getByRole("checkbox", { name: "Machine" }));
  expect(headers().some((h) => h.startsWith("Machine"))).toBe(false);
  act(() => within(dialog).getByRole("button", { name: "Pin up to Experiment" }).focus());
  await user.keyboard("{Alt>}{ArrowUp}{/Alt}");
  // The focus went along.
  expect(document.activeElement?.closest("li")?.textContent).toContain("Experiment");
  await user.click(within(dialog).getByRole("button", { name: "Pin up to Experiment" }));
  expect(within(dialog).getByRole("button", { name: "Unpin from Experiment" })).toBeTruthy();
  await user.keyboard("{Escape}");
  first.unmount();
  renderScreen("/runs");
  await screen.findByText("amber-tern-100");
  const names = screen.getAllByRole("columnheader").slice(1, 4);
  expect(names.map((h) => h.textContent)).toEqual([
    expect.stringContaining("Name"),
    expect.stringContaining("Experiment"),
    expect.stringContaining("Status"),
  ]);
  expect(names.map((h) => h.hasAttribute("data-pinned"))).toEqual([true, true, false]);
  expect(headers().at(-2)).toContain("team");
});
