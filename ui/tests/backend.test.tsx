import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { describe, expect, it, vi } from "vitest";
import type { Event as Signal } from "../src/bindings/api";
import { BackendProvider, CommandError, useMutationCommand, useQueryCommand } from "../src/shared/backend";
import { fakeBackend } from "../src/shared/backend/fake";
import { webBackend } from "../src/shared/backend/web";

const answer = (status: number, body: unknown) =>
  vi.fn(
    async (_url: RequestInfo | URL, _init?: RequestInit) => new Response(JSON.stringify(body), { status }),
  );

class FakeSource {
  static all: FakeSource[] = [];
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  closed = false;
  constructor(readonly url: string) {
    FakeSource.all.push(this);
  }
  close() {
    this.closed = true;
  }
}
const source = FakeSource as unknown as typeof EventSource;

describe("web backend", () => {
  it("posts the arguments as JSON and gives the answer", async () => {
    const fetcher = answer(200, [{ id: "m1" }]);
    const backend = webBackend(fetcher, source);
    await expect(backend.call("machine_check", { id: "m1" })).resolves.toEqual([{ id: "m1" }]);
    const [url, init] = fetcher.mock.calls[0] ?? [];
    expect(url).toBe("/api/command/machine_check");
    expect(init?.method).toBe("POST");
    expect(init?.body).toBe('{"id":"m1"}');
  });

  it("rejects with the program's error", async () => {
    const body = { code: "port_taken", message: "Port 80 is taken.", details: { port: "80" } };
    const failure = await webBackend(answer(409, body), source)
      .call("overview", null)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CommandError);
    expect((failure as CommandError).body).toEqual(body);
  });

  it("says that the link has to be opened again on 401, and stays there", async () => {
    let status = 401;
    const fetcher = vi.fn(async () => new Response("null", { status }));
    const backend = webBackend(fetcher, source);
    const seen: string[] = [];
    backend.onLink?.((link) => seen.push(link));
    await expect(backend.call("overview", null)).rejects.toMatchObject({ body: { code: "unauthenticated" } });
    status = 200;
    await backend.call("overview", null);
    expect(seen).toEqual(["signed-out"]);
  });

  it("finds out why the events stopped", async () => {
    FakeSource.all = [];
    const backend = webBackend(answer(401, null), source);
    const seen: string[] = [];
    backend.onLink?.((link) => seen.push(link));
    const end = backend.subscribe(() => {});
    FakeSource.all[0]?.onerror?.();
    await waitFor(() => expect(seen).toEqual(["signed-out"]));
    end();
  });

  it("says when the program does not answer, or answers nonsense", async () => {
    const gone = vi.fn(async () => {
      throw new TypeError("Failed to fetch");
    });
    await expect(webBackend(gone, source).call("overview", null)).rejects.toMatchObject({
      body: { code: "console_unreachable", details: { reason: "Failed to fetch" } },
    });
    const html = vi.fn(async () => new Response("<html>", { status: 502 }));
    await expect(webBackend(html, source).call("overview", null)).rejects.toMatchObject({
      body: { code: "internal" },
    });
  });

  it("passes events on, skips broken ones, and after a break says that everything may be old", () => {
    vi.useFakeTimers();
    try {
      FakeSource.all = [];
      const seen: unknown[] = [];
      const end = webBackend(answer(200, null), source).subscribe((signal) => seen.push(signal));
      const [first] = FakeSource.all;
      first?.onopen?.();
      first?.onmessage?.({ data: '{"topics":["runs"],"id":null}' });
      first?.onmessage?.({ data: "{" });
      first?.onerror?.();
      expect(first?.closed).toBe(true);
      vi.runOnlyPendingTimers();
      const second = FakeSource.all[1];
      second?.onopen?.();
      expect(seen).toEqual([{ topics: ["runs"], id: null }, "everything"]);
      end();
      expect(second?.closed).toBe(true);
      vi.runAllTimers();
      expect(FakeSource.all).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("hooks", () => {
  const run = (id: string) => ({
    run_id: id,
    keys: [],
    max_points: 40,
    from_step: null,
    to_step: null,
    over: null,
    smoothed: null,
  });

  function setup() {
    const counts = { machines: 0, a: 0, b: 0 };
    const backend = fakeBackend({
      machines_list: () => {
        counts.machines += 1;
        return [];
      },
      run_chart: ({ run_id }) => {
        counts[run_id as "a" | "b"] += 1;
        return [];
      },
      machine_add_local: () => ({}) as never,
    });
    const wrapper = ({ children }: { children: ReactNode }) => (
      <BackendProvider backend={backend}>{children}</BackendProvider>
    );
    return { counts, backend, wrapper };
  }

  it("reads again what an event names, once for a burst, and only the run that it is about", async () => {
    const { counts, backend, wrapper } = setup();
    const { result } = renderHook(
      () => [
        useQueryCommand("machines_list", null),
        useQueryCommand("run_chart", run("a")),
        useQueryCommand("run_chart", run("b")),
      ],
      { wrapper },
    );
    await waitFor(() => expect(result.current.every((query) => query.isSuccess)).toBe(true));
    const event: Signal = { topics: ["metrics"], id: "a" };
    act(() => {
      for (let n = 0; n < 50; n += 1) backend.emit(event);
    });
    await waitFor(() => expect(counts.a).toBe(2));
    expect(counts).toEqual({ machines: 1, a: 2, b: 1 });
    act(() => backend.emit({ topics: ["machines"], id: "m1" }));
    await waitFor(() => expect(counts.machines).toBe(2));
    expect(counts.a).toBe(2);
  });

  it("reads again what a mutation invalidates, and keeps nothing of its arguments", async () => {
    const { counts, wrapper } = setup();
    const { result } = renderHook(
      () => ({ list: useQueryCommand("machines_list", null), add: useMutationCommand("machine_add_local") }),
      { wrapper },
    );
    await waitFor(() => expect(counts.machines).toBe(1));
    await act(() => result.current.add.mutateAsync(null));
    await waitFor(() => expect(counts.machines).toBe(2));
  });
});
