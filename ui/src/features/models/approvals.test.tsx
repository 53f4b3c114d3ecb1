import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { axeProblems, renderScreen } from "../../../tests/render";
import { approvalOf, HISTORY, longHistory } from "../../fixtures/approvals";
import { demoHandlers } from "../../fixtures";
import { CommandError } from "../../shared/backend";
import { dayOf, spanOf } from "./AliasOnDay";

it("approves what somebody else asked for, only with a reason", async () => {
  const { user, backend } = renderScreen("/models/penguins/2");
  await user.click(await screen.findByRole("button", { name: "Approve" }));
  const dialog = await screen.findByRole("dialog", { name: "Approve penguins 2" });
  expect(await axeProblems()).toEqual([]);
  await user.click(within(dialog).getByRole("button", { name: "Approve" }));
  expect(within(dialog).getByText("Say why.")).toBeTruthy();
  expect(backend.calls.some((c) => c.name === "approval_decide")).toBe(false);
  await user.type(within(dialog).getByRole("textbox", { name: /^Reason/ }), "checked");
  await user.click(within(dialog).getByRole("button", { name: "Approve" }));
  await waitFor(() =>
    expect(backend.calls.find((c) => c.name === "approval_decide")?.args).toEqual({
      name: "penguins",
      version: 2,
      approve: true,
      reason: "checked",
    }),
  );
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

it("keeps the dialog and says why when the program refuses", async () => {
  const { user } = renderScreen("/models/penguins/2", {
    approval_decide: () => {
      throw new CommandError({
        code: "wrong_state",
        reason: "asked_files_changed",
        message: "The files of version 2 have changed.",
      });
    },
  });
  await user.click(await screen.findByRole("button", { name: "Refuse" }));
  await user.type(await screen.findByRole("textbox", { name: /^Reason/ }), "no");
  await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Refuse" }));
  await screen.findByText("The files of version 2 have changed.");
  expect((screen.getByRole("textbox", { name: /^Reason/ }) as HTMLTextAreaElement).value).toBe("no");
});

it("lets nobody decide about a request of their own, and says why", async () => {
  const version_get = demoHandlers("").version_get;
  const { user, backend } = renderScreen("/models/penguins/2", {
    version_get: async (args) => {
      const detail = await version_get?.(args);
      if (!detail) throw new Error("no version");
      const approval = { ...approvalOf("penguins", 2), own: true };
      return { ...detail, row: { ...detail.row, approval } };
    },
  });
  const approve = (await screen.findByRole("button", { name: "Approve" })) as HTMLButtonElement;
  expect(approve.disabled).toBe(true);
  expect((screen.getByRole("button", { name: "Refuse" }) as HTMLButtonElement).disabled).toBe(true);
  const why = document.getElementById(approve.getAttribute("aria-describedby") ?? "");
  expect(why?.textContent).toContain("somebody else has to decide");
  expect(await axeProblems()).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Withdraw request" }));
  await user.click(
    within(await screen.findByRole("dialog")).getByRole("button", { name: "Withdraw request" }),
  );
  await waitFor(() =>
    expect(backend.calls.find((c) => c.name === "approval_withdraw")?.args).toEqual({
      name: "penguins",
      version: 2,
      reason: null,
    }),
  );
});

it("marks a protected alias and does not let it go", async () => {
  renderScreen("/models/penguins/3");
  await waitFor(() => expect(screen.queryByRole("button", { name: "Remove alias champion" })).toBeNull());
  await screen.findByText("protected");
  renderScreen("/models/penguins/2");
  await screen.findByRole("button", { name: "Remove alias review" });
});

it("moves a protected alias only to an approved version", async () => {
  const { user, backend } = renderScreen("/models/penguins/2");
  await user.click(await screen.findByRole("button", { name: "Add alias" }));
  const field = screen.getByRole("textbox", { name: "Alias" });
  await user.type(field, "champion");
  await screen.findByText("This alias is protected and the version is not approved.");
  await user.type(field, "{Enter}");
  await user.clear(field);
  await user.type(field, "shadow{Enter}");
  await waitFor(() =>
    expect(backend.calls.filter((c) => c.name === "alias_set").map((c) => c.args)).toEqual([
      { name: "penguins", alias: "shadow", version: 2 },
    ]),
  );
});

it("takes a protection away only when somebody else has asked for that", async () => {
  const { user, backend } = renderScreen("/models/penguins?tab=aliases");
  const menu = async (alias: string) => {
    const row = await screen.findByRole("row", { name: new RegExp(alias) });
    await user.click(within(row).getByRole("button"));
    return (await screen.findAllByRole("menuitem")).map((item) => item.textContent);
  };
  expect(await menu("hall-4")).toEqual(["Remove protection", "Keep protected"]);
  await user.click(screen.getByRole("menuitem", { name: "Remove protection" }));
  await user.click(
    within(await screen.findByRole("dialog", { name: "Remove the protection of @hall-4" })).getByRole(
      "button",
      {
        name: "Remove protection",
      },
    ),
  );
  await waitFor(() =>
    expect(backend.calls.find((c) => c.name === "alias_protect")?.args).toEqual({
      name: "penguins",
      alias: "hall-4",
      protect: false,
      reason: null,
    }),
  );
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(await menu("champion")).toEqual(["Ask to remove protection"]);
});

it("lets nobody agree to a request of their own", async () => {
  const model_get = demoHandlers("").model_get;
  const { user } = renderScreen("/models/penguins?tab=aliases", {
    model_get: async (args) => {
      const model = await model_get?.(args);
      if (!model) throw new Error("no model");
      return { ...model, unprotect_asked: model.unprotect_asked.map((asked) => ({ ...asked, own: true })) };
    },
  });
  const row = await screen.findByRole("row", { name: /hall-4/ });
  expect(within(row).getByText(/^ingrid asked/)).toBeTruthy();
  await user.click(within(row).getByRole("button"));
  expect((await screen.findAllByRole("menuitem")).map((item) => item.textContent)).toEqual([
    "Keep protected",
  ]);
  expect(await axeProblems()).toEqual([]);
});

it("protects an alias by keyboard", async () => {
  const { user, backend } = renderScreen("/models/penguins?tab=aliases");
  const button = await screen.findByRole("button", { name: "Protect an alias" });
  button.focus();
  await user.keyboard("{Enter}");
  await screen.findByRole("dialog", { name: "Protect an alias of penguins" });
  expect(await axeProblems()).toEqual([]);
  const field = screen.getByRole("textbox", { name: /^Alias/ });
  await user.type(field, "v2");
  expect(screen.getByText("Reserved: it reads like a version.")).toBeTruthy();
  await user.clear(field);
  await user.type(field, "review{Enter}");
  await waitFor(() =>
    expect(backend.calls.find((c) => c.name === "alias_protect")?.args).toEqual({
      name: "penguins",
      alias: "review",
      protect: true,
      reason: null,
    }),
  );
});

it("says whether the history is whole, and looks for a hash that was noted", async () => {
  const { user } = renderScreen("/models/penguins?tab=history");
  await screen.findByText("Whole: 15 entries checked");
  const noted = screen.getByRole("textbox", { name: /^A hash noted earlier/ });
  await user.type(noted, "abc");
  expect(screen.getByText("64 digits from 0 to f.")).toBeTruthy();
  await user.clear(noted);
  await user.type(noted, `${HISTORY[3]?.hash}{Enter}`);
  await screen.findByText("Found at entry 12: nothing before it was changed.");
  await user.clear(noted);
  await user.type(noted, `${"0".repeat(64)}{Enter}`);
  await screen.findByText(/The noted hash is not in the history/);
});

it("names the first broken entry", async () => {
  renderScreen("/models/penguins?tab=history", {
    registry_verify: () => ({
      whole: false,
      entries: 4,
      end: "0".repeat(64),
      problem: { kind: "missing", seq: 5 },
      noted: null,
    }),
  });
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("Entry 5 is not there.");
  expect(await axeProblems()).toEqual([]);
});

it("goes back through a long history to its beginning, and asks for each entry once", async () => {
  const { user, backend } = renderScreen("/models/penguins?tab=history", longHistory(385));
  await screen.findByText("The newest 200 entries");
  expect(screen.queryByText("Shown from the beginning")).toBeNull();
  const older = screen.getByRole("button", { name: "Show older entries" });
  await user.click(older);
  await screen.findByText("The newest 400 entries");
  await user.click(screen.getByRole("button", { name: "Show older entries" }));
  await screen.findByText("Shown from the beginning");
  await screen.findByText(`${385 + HISTORY.length} entries`);
  expect(screen.queryByRole("button", { name: "Show older entries" })).toBeNull();
  expect(document.activeElement?.textContent).toBe("Shown from the beginning");
  const asked = backend.calls.filter((c) => c.name === "registry_history").map((c) => c.args);
  const before = (seq: number | null) => ({ name: "penguins", version: null, before: seq, limit: 200 });
  const end = 385 + HISTORY.length;
  expect(asked).toEqual([before(null), before(end - 199), before(end - 399)]);
});

it("tells what an alias stood for on a day", async () => {
  const { backend } = renderScreen("/models/penguins?tab=history");
  const region = await screen.findByRole("region", { name: "What carried an alias" });
  await within(region).findByText("at the start of the day");
  const asked = backend.calls.find((c) => c.name === "alias_at")?.args as { from: number; to: number };
  expect(dayOf(asked.from)).toBe(dayOf(asked.to));
  expect(dayOf(asked.to + 1)).not.toBe(dayOf(asked.to));
  expect(spanOf("2026-11-27")).not.toBeNull();
  expect(spanOf("27/11")).toBeNull();
});

it("compares two versions by what differs", async () => {
  const { user } = renderScreen("/models/penguins/compare?a=1&b=3");
  const table = await screen.findByRole("table");
  // A signature's type that changed, a new input, and a file.
  expect(within(table).getByText("Inputs: body_mass_g")).toBeTruthy();
  expect(within(table).getByText("Inputs: island")).toBeTruthy();
  expect(within(table).getByText("MLmodel")).toBeTruthy();
  expect(within(table).queryByText("requirements.txt")).toBeNull();
  expect(await axeProblems()).toEqual([]);
  await user.click(screen.getByRole("switch", { name: "Only what differs" }));
  expect(within(table).getByText("requirements.txt")).toBeTruthy();
});
