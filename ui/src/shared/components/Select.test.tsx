import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";
import { axeProblems } from "../../../tests/render";
import { Select } from "./Select";

const many = Array.from({ length: 300 }, (_, i) => ({ value: `layer/${i}/norm`, label: `layer/${i}/norm` }));

function Chosen({ options, first }: { options: typeof many; first: string }) {
  const [value, setValue] = useState(first);
  return <Select label="Metric" value={value} onChange={setValue} options={options} />;
}

it("finds one of many by its name, with the keyboard alone", async () => {
  const user = userEvent.setup();
  render(<Chosen options={many} first="layer/250/norm" />);
  const button = screen.getByRole("button", { name: /Metric/ });
  await user.tab();
  expect(document.activeElement).toBe(button);
  await user.keyboard("{Enter}");
  // A browser has the focus in it at once; here there is no layout, and so nothing that takes focus.
  await user.click(await screen.findByRole("searchbox", { name: "Find" }));
  // A hundred are listed, and what is chosen, though it is not among the first.
  const list = screen.getByRole("listbox");
  expect(within(list).getAllByRole("option")).toHaveLength(101);
  expect(within(list).getByRole("option", { selected: true }).textContent).toBe("layer/250/norm");
  screen.getByText("200 more: find them by name");
  expect(await axeProblems()).toEqual([]);
  await user.keyboard("LAYER/17");
  expect(within(list).getAllByRole("option")).toHaveLength(11);
  await user.keyboard("9{Enter}");
  expect(screen.queryByRole("listbox")).toBeNull();
  expect(screen.getByRole("button", { name: /Metric/ }).textContent).toContain("layer/179/norm");
});

it("says when nothing has the name, and forgets what was typed", async () => {
  const user = userEvent.setup();
  render(<Chosen options={many} first="layer/0/norm" />);
  await user.click(screen.getByRole("button", { name: /Metric/ }));
  await user.type(await screen.findByRole("searchbox"), "loss");
  await screen.findByText("Nothing is called that");
  await user.keyboard("{Escape}{Escape}");
  await user.click(await screen.findByRole("button", { name: /Metric/ }));
  expect(await screen.findAllByRole("option")).toHaveLength(100);
});

it("has no field where there are few", async () => {
  const user = userEvent.setup();
  render(<Chosen options={many.slice(0, 12)} first="layer/0/norm" />);
  await user.click(screen.getByRole("button", { name: /Metric/ }));
  await screen.findByRole("listbox");
  expect(screen.queryByRole("searchbox")).toBeNull();
});
