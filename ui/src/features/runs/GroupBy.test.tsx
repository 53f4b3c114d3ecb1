import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { GroupBy } from "./GroupBy";

it("finds one of thousands of params by keyboard", async () => {
  const user = userEvent.setup({ delay: null });
  const onChange = vi.fn();
  const params = Array.from({ length: 3000 }, (_, i) => `layer_${i}.width`);
  render(<GroupBy value="" onChange={onChange} params={params} tags={["team"]} />);
  await user.tab();
  await user.keyboard("{Enter}");
  const menu = await screen.findByRole("menu");
  expect(within(menu).getAllByRole("menuitem").length).toBeLessThan(120);
  await user.keyboard("LAYER_2718");
  expect(
    within(menu)
      .getAllByRole("menuitem")
      .map((item) => item.textContent),
  ).toEqual(["layer_2718.width"]);
  await user.keyboard("{ArrowDown}{Enter}");
  expect(onChange).toHaveBeenCalledExactlyOnceWith("params.layer_2718.width");
});
