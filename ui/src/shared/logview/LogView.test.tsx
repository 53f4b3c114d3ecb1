import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { giveLayout } from "../../../tests/layout";
import { LogView } from "./LogView";
import { type LogLine, plain } from "./text";

giveLayout(400);

const line = (text: string, stream: LogLine["stream"] = "stdout"): LogLine => ({ stream, text });

it("takes colour codes out, shows progress bars as they stood last and control characters as pictures", () => {
  expect(plain("\u001b[1;31mbad\u001b[0m")).toBe("bad");
  expect(plain("\u001b]0;title\u0007text")).toBe("text");
  expect(plain("10%\r50%\r100%")).toBe("100%");
  expect(plain("done\r")).toBe("done");
  expect(plain("a\u0000b\u007f")).toBe("a␀b␡");
});

it("tells error output apart by words, and finds text with next and previous", async () => {
  const user = userEvent.setup({ delay: null });
  render(
    <LogView lines={[line("start"), line("Warning: one", "stderr"), line("step"), line("second warning")]} />,
  );
  expect(screen.getByText("error output")).toBeTruthy();
  await user.type(screen.getByRole("searchbox"), "warning");
  await screen.findByText("1 of 2");
  await user.keyboard("{Enter}");
  await screen.findByText("2 of 2");
  await user.keyboard("{Shift>}{Enter}{/Shift}");
  await screen.findByText("1 of 2");
  expect(document.querySelectorAll("mark")).toHaveLength(2);
  await user.clear(screen.getByRole("searchbox"));
  await user.type(screen.getByRole("searchbox"), "nowhere");
  await screen.findByText("No match");
});

it("puts only the beginning of a very long line on the page until asked", async () => {
  const user = userEvent.setup({ delay: null });
  render(<LogView lines={[line("x".repeat(65_536))]} />);
  const log = screen.getByRole("log");
  expect((log.textContent ?? "").length).toBeLessThan(5000);
  await user.click(screen.getByRole("button", { name: "… 60.1 KiB more" }));
  expect((log.textContent ?? "").length).toBeGreaterThan(65_000);
});

it("reads a long log by windows and reads the last window again as it grows", async () => {
  const fetch = vi.fn(async (from: number, limit: number) =>
    Array.from({ length: Math.min(limit, total - from) }, (_, i) => line(`line ${from + i}`)),
  );
  let total = 3;
  const source = () => ({ total, fetch, search: async () => [] });
  const view = render(<LogView source={source()} live={false} />);
  await screen.findByText("line 2");
  total = 200_000;
  view.rerender(<LogView source={source()} live={false} />);
  await screen.findByText("line 12");
  expect(screen.getByText("200,000 lines")).toBeTruthy();
  expect(screen.queryByText("line 5000")).toBeNull();
  for (const [from, limit] of fetch.mock.calls) expect([from, limit]).toEqual([0, 500]);
});

it("says when there is nothing and when lines cannot be read", async () => {
  const view = render(<LogView lines={[]} live />);
  expect(screen.getByText("No output yet")).toBeTruthy();
  view.unmount();
  const failing = { total: 2, fetch: () => Promise.reject(new Error("gone")), search: async () => [] };
  render(<LogView source={failing} />);
  await waitFor(() => expect(screen.getAllByText("These lines could not be read").length).toBeGreaterThan(0));
});
