import { act, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { toast } from "../src/shared/components";
import { Toasts } from "../src/shared/components/Toast";

it("shows once what is said again, and each of what leads somewhere", () => {
  render(<Toasts />);
  act(() => {
    toast({ title: "Copied", detail: "the search" });
    toast({ title: "Copied", detail: "the search" });
    toast({ title: "Copied", detail: "the program" });
  });
  expect(screen.getAllByText("Copied")).toHaveLength(2);
  const action = { label: "Open", onAction: () => {} };
  act(() => {
    toast({ title: "Run penguins finished", action });
    toast({ title: "Run penguins finished", action });
  });
  expect(screen.getAllByText("Run penguins finished")).toHaveLength(2);
});
