import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { demoHandlers } from "../src/fixtures";
import { placeOf } from "../src/features/runs/FilterField";
import { useSteady } from "../src/shared/steady";
import { renderScreen } from "./render";

function List({ rows }: { rows: readonly string[] }) {
  const steady = useSteady(rows, (row) => row.slice(0, 1));
  return (
    <ul {...steady.inUse}>
      {steady.rows.map((row) => (
        <li key={row}>{row}</li>
      ))}
    </ul>
  );
}

const shown = () => screen.getAllByRole("listitem").map((item) => item.textContent);

it("keeps rows in their places while they are pointed at", async () => {
  const user = userEvent.setup({ delay: null });
  const { rerender } = render(<List rows={["a1", "b1", "c1"]} />);
  await user.hover(screen.getByText("b1"));
  rerender(<List rows={["d1", "c2", "a1"]} />);
  expect(shown()).toEqual(["a1", "b1", "c2", "d1"]);
  await user.unhover(screen.getByRole("list"));
  expect(shown()).toEqual(["d1", "c2", "a1"]);
});

it("offers new changes on the overview instead of pushing the list down", async () => {
  const handlers = demoHandlers("");
  const first = await handlers.overview?.(null);
  const [newest] = first?.changes ?? [];
  if (!first || !newest) throw new Error("no changes");
  let changes = first.changes;
  const { backend, user } = renderScreen("/", { overview: async () => ({ ...first, changes }) });
  await screen.findByText("brisk-tern");
  changes = [{ ...newest, id: newest.id + 1, subject: "late-hare" }, ...changes];
  backend.emit({ topics: ["activity"], id: null });
  const offer = await screen.findByRole("button", { name: "1 new" });
  expect(screen.queryByText("late-hare")).toBeNull();
  await user.click(offer);
  expect(screen.getByText("late-hare")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "1 new" })).toBeNull();
});

it("finds the place of a filter's mistake in what was typed", () => {
  const at = (position: string, text: string) => {
    const place = placeOf({ code: "invalid", message: "", details: { position } }, text);
    return place && text.slice(place.from, place.to);
  };
  expect(at("13", "metrics.acc >> 0.9")).toBe(">");
  // The program got it without the spaces around it, and counts characters, not halves of them.
  expect(at("13", "  metrics.acc >> 0.9 ")).toBe(">");
  expect(at("9", "tags.🦩 = bad")).toBe("bad");
  expect(at("18", "metrics.acc > 0.9 ")).toBe("");
  expect(placeOf({ code: "invalid", message: "" }, "x")).toBeNull();
});

it("keeps the form of a new run until it is started, and can start over", async () => {
  const first = renderScreen("/runs/new");
  await first.user.type(await screen.findByLabelText("Command"), "python a.py");
  first.unmount();
  const second = renderScreen("/runs/new");
  expect(((await screen.findByLabelText("Command")) as HTMLInputElement).value).toBe("python a.py");
  await second.user.click(screen.getByRole("button", { name: "Start over" }));
  expect((screen.getByLabelText("Command") as HTMLInputElement).value).toBe("");
  second.unmount();
  renderScreen("/runs/new");
  expect(((await screen.findByLabelText("Command")) as HTMLInputElement).value).toBe("");
});
