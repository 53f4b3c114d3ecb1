import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { SetupStep } from "../src/bindings/api";
import { demoHandlers } from "../src/fixtures";
import { draft } from "../src/fixtures/workspace";
import { CommandError } from "../src/shared/backend";
import { axeProblems, renderScreen } from "./render";

describe("every screen", () => {
  it.each([
    ["/", "Needs you", ""],
    ["/", "Train where the data is", "empty"],
    ["/machines", "kiln-north", ""],
    ["/machines", "No machine yet", "empty"],
    ["/machines/5f0c1d7e2a4b4c8e9d10a1b2c3d4e5f6", "Connection", ""],
    ["/activity", "Today", ""],
    ["/settings", "registry.plant.example:5000", ""],
    ["/setup", "Where is the machine?", ""],
    [`/setup/${draft.id}`, "Is the machine fit for work?", ""],
    ["/nowhere", "There is nothing at this address", ""],
  ])("%s shows %s and passes axe", async (path, words, variant) => {
    renderScreen(path, {}, variant);
    await screen.findAllByText(words);
    expect(await axeProblems()).toEqual([]);
  });
});

it("shows a failure with cause, remedy, code and details to copy", async () => {
  renderScreen("/machines", {}, "error");
  const alert = await screen.findByRole("alert");
  expect(within(alert).getByText("The store is damaged")).toBeTruthy();
  expect(within(alert).getByText(/database disk image is malformed/)).toBeTruthy();
  expect(within(alert).getByText("store_corrupt")).toBeTruthy();
  expect(within(alert).getByRole("button", { name: "Copy details" })).toBeTruthy();
});

it("keeps what was read while a new read fails", async () => {
  let broken = false;
  const { backend } = renderScreen("/settings", {
    registries_list: () => {
      if (broken) throw new CommandError({ code: "internal", message: "No." });
      return [];
    },
  });
  await screen.findByText("No registry yet.");
  broken = true;
  backend.emit({ topics: ["registries"], id: null });
  await screen.findByText("Something unplanned went wrong");
  expect(screen.getByText("No registry yet.")).toBeTruthy();
});

it("offers new entries instead of pushing the list down", async () => {
  const handlers = demoHandlers("");
  const old = (await handlers.activity_list?.({ before_id: null, limit: 100 })) ?? [];
  let rows = old.slice(1);
  const { backend, user } = renderScreen("/activity", { activity_list: () => rows });
  await screen.findByText("Today");
  expect(screen.queryByRole("button", { name: "Open" })).toBeNull();
  rows = old;
  backend.emit({ topics: ["activity"], id: null });
  const offer = await screen.findByRole("button", { name: "Show 1 new entry" });
  const entries = screen.getAllByRole("listitem").length;
  await user.click(offer);
  expect(screen.getAllByRole("listitem")).toHaveLength(entries + 1);
});

it("tells of what happens elsewhere, and of nothing that was there before", async () => {
  const handlers = demoHandlers("");
  const old = (await handlers.activity_list?.({ before_id: null, limit: 100 })) ?? [];
  const [newest] = old;
  if (!newest) throw new Error("no activity");
  const news = { ...newest, id: newest.id + 1, subject: "late-hare", subject_id: "r7" };
  let rows = old;
  const { backend, user, router } = renderScreen("/settings", { activity_list: () => rows });
  await screen.findByText("registry.plant.example:5000");
  rows = [news, ...old];
  backend.emit({ topics: ["activity"], id: null });
  await screen.findByText("Run late-hare failed");
  await user.click(screen.getAllByRole("button", { name: "Open" }).at(-1) as HTMLElement);
  expect(router.history.location.pathname).toBe("/runs/r7");
});

describe("register a machine", () => {
  it("checks every field before it asks the program", async () => {
    const { backend, user } = renderScreen("/setup");
    const host = await screen.findByLabelText(/Host name or IP address/);
    await user.type(host, "exa mple");
    await user.click(screen.getByRole("button", { name: "Ask for its key" }));
    expect(screen.getByText("This is neither a host name nor an IP address.")).toBeTruthy();
    expect(screen.getByText("Enter the user name on the machine.")).toBeTruthy();
    expect(backend.calls.some((call) => call.name === "setup_address")).toBe(false);
    await user.clear(host);
    await user.type(host, "fe80::1");
    await user.type(screen.getByLabelText(/User on the machine/), "operator{Enter}");
    await waitFor(() =>
      expect(backend.calls.find((call) => call.name === "setup_address")?.args).toEqual({
        id: null,
        name: null,
        address: { host: "fe80::1", port: 22, user: "operator", jump: null },
      }),
    );
  });

  it("stops at another host key, with both keys on screen", async () => {
    renderScreen(`/setup/${draft.id}`, {}, "setup-mismatch");
    await screen.findByText(/Stop: 10\.20\.4\.12:22 shows another key/);
    expect(screen.getByText(draft.host_keys[0]?.fingerprint ?? "?")).toBeTruthy();
    expect(screen.getByText("SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDQnGsXmKDm1wjzJm4")).toBeTruthy();
    expect(
      (screen.getByRole("button", { name: "Yes, it is the machine" }) as HTMLButtonElement).disabled,
    ).toBe(true);
  });

  it("pins exactly the fingerprints that were on screen", async () => {
    const { backend, user } = renderScreen(`/setup/${draft.id}`, {}, "setup-host_key");
    await user.click(await screen.findByRole("button", { name: "Yes, it is the machine" }));
    await screen.findByText("Log in for the first time");
    expect(backend.calls.find((call) => call.name === "setup_trust")?.args).toEqual({
      id: draft.id,
      fingerprints: [draft.host_keys[0]?.fingerprint],
    });
  });

  it("asks for the machine's key after the login, where there is a jump host", async () => {
    const [offer] = draft.host_keys;
    if (!offer) throw new Error("no offer");
    const both = [
      { ...offer, host: "gate:22", is_jump: true, state: "pinned" as const },
      { ...offer, fingerprint: "SHA256:behindTheGate" },
    ];
    let now = { ...draft, step: "authenticate" as SetupStep, done: ["address", "host_key"] as SetupStep[] };
    const { user } = renderScreen(`/setup/${draft.id}`, {
      setup_get: () => now,
      setup_authenticate: () => {
        now = { ...now, step: "host_key", done: ["address"], host_keys: both };
        return now;
      },
    });
    await user.type(
      await screen.findByLabelText("Password", { selector: "input:not([type=radio])" }),
      "a password",
    );
    await user.click(screen.getByRole("button", { name: "Log in" }));
    await screen.findByText("SHA256:behindTheGate");
    expect(screen.getByText("Jump host gate:22")).toBeTruthy();
  });

  it("shows why the password was refused, and can be tried again", async () => {
    let refuse = true;
    const { backend, user } = renderScreen(
      `/setup/${draft.id}`,
      {
        setup_authenticate: () => {
          if (refuse)
            throw new CommandError({ code: "password_refused", message: "operator@10.20.4.12 refused it." });
          return demoHandlers("setup-key").setup_get?.({ id: draft.id }) ?? draft;
        },
        setup_get: () =>
          demoHandlers(refuse ? "setup-authenticate" : "setup-key").setup_get?.({ id: draft.id }) ?? draft,
      },
      "setup-authenticate",
    );
    await user.type(
      await screen.findByLabelText("Password", { selector: "input:not([type=radio])" }),
      "wrong",
    );
    await user.click(screen.getByRole("button", { name: "Log in" }));
    await screen.findByText("The password was refused");
    refuse = false;
    await user.click(screen.getByRole("button", { name: "Log in" }));
    await screen.findByText("Give the machine a key of its own");
    expect(document.body.innerHTML).not.toContain("wrong");
    expect(backend.calls.filter((call) => call.name === "setup_authenticate")).toHaveLength(2);
  });

  it("does not go on while a required check fails, and checks one again", async () => {
    const { backend, user } = renderScreen(`/setup/${draft.id}`, {
      setup_get: () => ({ ...draft, problem: { code: "preflight_failed", message: "A check fails." } }),
    });
    await screen.findByText("1 required check fails.");
    expect((screen.getByRole("button", { name: "Continue" }) as HTMLButtonElement).disabled).toBe(true);
    await user.click(screen.getByRole("button", { name: "Check again: Right to use the engine" }));
    expect(backend.calls.find((call) => call.name === "setup_preflight")?.args).toEqual({
      id: draft.id,
      check: "engine_permission",
    });
  });
});

describe("palette", () => {
  it("opens with Ctrl-K, finds and goes", async () => {
    const { user, router } = renderScreen("/settings");
    await screen.findByText("Appearance", { selector: "h2" });
    await user.keyboard("{Control>}k{/Control}");
    const field = await screen.findByRole("combobox");
    expect(await axeProblems()).toEqual([]);
    await user.type(field, "kiln");
    const option = await screen.findByRole("option", { name: /kiln-north/ });
    expect(option.getAttribute("aria-selected")).toBe("true");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toMatch(/^\/machines\//));
  });

  it("changes the colours", async () => {
    const { user, backend } = renderScreen("/settings");
    await screen.findByText("Appearance", { selector: "h2" });
    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByRole("combobox"), "dark");
    await user.keyboard("{Enter}");
    await waitFor(() =>
      expect(backend.calls.find((call) => call.name === "settings_set")?.args).toMatchObject({
        theme: "dark",
      }),
    );
  });
});
