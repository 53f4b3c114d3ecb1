import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import { giveLayout } from "../../../tests/layout";
import { type Column, DataTable } from ".";
import { compare, step, tsv } from "./selection";

interface Row {
  id: string;
  name: string;
  loss: number;
}
const rowsOf = (n: number): Row[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `r${i}`,
    name: `${"abcdefgh"[i % 8]}-run ${i}`,
    loss: (i * 37) % 11,
  }));
const columns: Column<Row>[] = [
  { id: "name", header: "Name", text: (r) => r.name },
  { id: "loss", header: "Loss", text: (r) => String(r.loss), sort: (r) => r.loss, align: "end" },
];

function Table(props: { rows: Row[]; onActive?: (key: string | null) => void; onOpen?: (row: Row) => void }) {
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [active, setActive] = useState<string | null>(null);
  return (
    <DataTable
      id="test"
      label="Runs"
      rows={props.rows}
      rowKey={(r) => r.id}
      columns={columns}
      selected={selected}
      onSelected={setSelected}
      active={active}
      onActive={(key) => {
        setActive(key);
        props.onActive?.(key);
      }}
      {...(props.onOpen ? { onOpen: props.onOpen } : {})}
    />
  );
}

const cursorRow = () => {
  const id = screen.getByRole("grid").getAttribute("aria-activedescendant");
  return id ? document.getElementById(id)?.textContent : null;
};
const selectedNames = () =>
  screen
    .getAllByRole("row")
    .filter((r) => r.getAttribute("aria-selected") === "true")
    .map((r) => within(r).getByRole("rowheader").textContent);

describe("keyboard", () => {
  it("moves, selects ranges, toggles and selects all from one tab stop", async () => {
    const user = userEvent.setup({ delay: null });
    render(<Table rows={rowsOf(6)} />);
    act(() => screen.getByRole("grid").focus());
    expect(cursorRow()).toContain("a-run 0");
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(cursorRow()).toContain("c-run 2");
    await user.keyboard(" ");
    expect(selectedNames()).toEqual(["c-run 2"]);
    await user.keyboard("{Shift>}{ArrowDown}{ArrowDown}{/Shift}");
    expect(selectedNames()).toEqual(["c-run 2", "d-run 3", "e-run 4"]);
    await user.keyboard("{End} ");
    expect(selectedNames()).toEqual(["c-run 2", "d-run 3", "e-run 4", "f-run 5"]);
    await user.keyboard("{Control>}a{/Control}");
    expect(selectedNames()).toHaveLength(6);
    await user.keyboard("{Escape}{Home}");
    expect(selectedNames()).toEqual([]);
    expect(cursorRow()).toContain("a-run 0");
  });

  it("finds by type-ahead, opens by Enter and lets Ctrl+Enter go to the page", async () => {
    const user = userEvent.setup({ delay: null });
    const onActive = vi.fn();
    const onOpen = vi.fn();
    render(<Table rows={rowsOf(6)} onActive={onActive} onOpen={onOpen} />);
    act(() => screen.getByRole("grid").focus());
    await user.keyboard("e-");
    expect(cursorRow()).toContain("e-run 4");
    await user.keyboard("{Enter}");
    expect(onActive).toHaveBeenLastCalledWith("r4");
    await user.keyboard("{Control>}{Enter}{/Control}");
    expect(onOpen).toHaveBeenCalledWith(expect.objectContaining({ id: "r4" }));
  });

  it("keeps cursor and selection on their rows when the rows change", async () => {
    const user = userEvent.setup({ delay: null });
    const rows = rowsOf(4);
    const view = render(<Table rows={rows} />);
    act(() => screen.getByRole("grid").focus());
    await user.keyboard("{ArrowDown} ");
    view.rerender(<Table rows={[{ id: "new", name: "z-new", loss: 1 }, ...rows]} />);
    expect(cursorRow()).toContain("b-run 1");
    expect(selectedNames()).toEqual(["b-run 1"]);
  });

  it("copies the chosen rows as tab-separated values", async () => {
    const user = userEvent.setup({ delay: null });
    render(<Table rows={rowsOf(3)} />);
    const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    act(() => screen.getByRole("grid").focus());
    await user.keyboard(" {Control>}c{/Control}");
    expect(write).toHaveBeenCalledWith("Name\tLoss\na-run 0\t0");
    await screen.findByText("1 row copied");
  });
});

it("sorts by a header and says so", async () => {
  const user = userEvent.setup({ delay: null });
  render(<Table rows={rowsOf(5)} />);
  await user.click(screen.getByRole("button", { name: "Loss" }));
  const header = screen.getAllByRole("columnheader").find((h) => h.textContent?.includes("Loss"));
  expect(header?.getAttribute("aria-sort")).toBe("descending");
  const losses = screen
    .getAllByRole("row")
    .slice(1)
    .map((r) => Number(within(r).getAllByRole("gridcell").at(-1)?.textContent));
  expect(losses).toEqual([...losses].sort((a, b) => b - a));
});

it("keeps a width that was chosen by keyboard", () => {
  const view = render(<Table rows={rowsOf(2)} />);
  const button = screen.getByRole("button", { name: "Name" });
  fireEvent.keyDown(button, { key: "ArrowRight", altKey: true });
  expect(JSON.parse(localStorage.getItem("skerry.table.test") ?? "{}")).toEqual({ name: 176 });
  view.unmount();
  render(<Table rows={rowsOf(2)} />);
  expect(screen.getByRole("grid").style.getPropertyValue("--template")).toContain("176px");
});

describe("the menu of a row", () => {
  const onDelete = vi.fn();
  const onOnly = vi.fn();
  const show = (n = 3) =>
    render(
      <DataTable
        id="menus"
        label="Runs"
        rows={rowsOf(n)}
        rowKey={(r) => r.id}
        columns={columns}
        actions={(r) => [{ id: "delete", label: `Delete ${r.id}`, onAction: () => onDelete(r.id) }]}
        cellActions={{
          label: "Filter by value",
          of: (r, column) =>
            column === "loss"
              ? [{ id: "only", label: `Loss = ${r.loss}`, onAction: () => onOnly(r.loss) }]
              : [],
        }}
      />,
    );

  it("opens by its button and by keyboard, and gives the focus back to the grid", async () => {
    const user = userEvent.setup({ delay: null });
    show();
    expect(screen.queryByRole("menu")).toBeNull();
    await user.click(screen.getByRole("button", { name: "Actions for b-run 1" }));
    await user.click(await screen.findByRole("menuitem", { name: "Delete r1" }));
    expect(onDelete).toHaveBeenLastCalledWith("r1");
    await waitFor(() => expect(screen.queryByRole("menu")).toBeNull());
    const grid = screen.getByRole("grid");
    await waitFor(() => expect(document.activeElement).toBe(grid));
    await user.keyboard("{ArrowDown}{Shift>}{F10}{/Shift}");
    const menu = await screen.findByRole("menu", { name: "Actions for c-run 2" });
    expect(within(menu).getByRole("menuitem", { name: "Filter by value" })).toBeTruthy();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("menu")).toBeNull());
    await waitFor(() => expect(document.activeElement).toBe(grid));
    expect(cursorRow()).toContain("c-run 2");
  });

  it("has what can be done with a cell where the cell was pressed, and for all cells one level down", async () => {
    const user = userEvent.setup({ delay: null });
    show();
    fireEvent.contextMenu(screen.getByText("4"));
    const group = await screen.findByRole("group", { name: "Filter by value" });
    await user.click(within(group).getByRole("menuitem", { name: "Loss = 4" }));
    expect(onOnly).toHaveBeenLastCalledWith(4);
    await waitFor(() => expect(screen.queryByRole("menu")).toBeNull());
    await user.keyboard("{Home}{Shift>}{F10}{/Shift}");
    await screen.findByRole("menuitem", { name: "Delete r0" });
    await user.click(screen.getByRole("menuitem", { name: "Filter by value" }));
    await user.click(await screen.findByRole("menuitem", { name: "Loss = 0" }));
    expect(onOnly).toHaveBeenLastCalledWith(0);
    await waitFor(() => expect(screen.queryByRole("menu")).toBeNull());
  });
});

describe("from 100 rows", () => {
  giveLayout();

  it("draws a row once, however far it is scrolled and wherever the cursor goes", async () => {
    const user = userEvent.setup({ delay: null });
    const drawn = new Map<string, number>();
    const counted: Column<Row>[] = [
      {
        id: "name",
        header: "Name",
        text: (r) => r.name,
        cell: (r) => {
          drawn.set(r.id, (drawn.get(r.id) ?? 0) + 1);
          return r.name;
        },
      },
    ];
    render(<DataTable id="drawn" label="Runs" rows={rowsOf(5000)} rowKey={(r) => r.id} columns={counted} />);
    const scroller = screen.getByRole("grid").parentElement as HTMLElement;
    for (const row of [4, 8, 12, 16, 20]) {
      scroller.scrollTop = row * 32;
      fireEvent.scroll(scroller);
      await waitFor(() => expect(drawn.has(`r${row + 20}`)).toBe(true));
    }
    expect([...drawn.values()].every((times) => times === 1)).toBe(true);
    act(() => screen.getByRole("grid").focus());
    await user.keyboard("{ArrowDown}");
    // The rows that the cursor left and came to, and no other.
    expect([...drawn].filter(([, times]) => times > 1).map(([id]) => id)).not.toContain("r5");
  });

  it("draws only what is in view and still counts exactly", () => {
    render(<Table rows={rowsOf(20_000)} />);
    const drawn = screen.getAllByRole("row").length;
    expect(drawn).toBeGreaterThan(10);
    expect(drawn).toBeLessThan(80);
    expect(screen.getByRole("grid").getAttribute("aria-rowcount")).toBe("20001");
    expect(screen.getByText("20,000 rows")).toBeTruthy();
  });
});

it("puts missing values last in both directions and escapes copied cells", () => {
  const values = [3, null, 1, Number.NaN, 2];
  expect([...values].sort((a, b) => compare(a, b, false)).slice(0, 3)).toEqual([1, 2, 3]);
  expect([...values].sort((a, b) => compare(a, b, true)).slice(0, 3)).toEqual([3, 2, 1]);
  expect(tsv([["a\tb", "c\nd"]])).toBe("a b\tc d");
  expect(step({ at: 0, anchor: 0 }, 0, 10, { key: "ArrowDown", shift: false, ctrl: false })).toBeNull();
});
