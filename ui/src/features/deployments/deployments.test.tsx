import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { axeProblems, renderScreen } from "../../../tests/render";
import { DEPLOYMENTS } from "../../fixtures/deployments";
import { CommandError } from "../../shared/backend";
import * as check from "./validate";

const id = (i: number) => DEPLOYMENTS[i]?.id ?? "";

describe("screens", () => {
  it.each([
    ["/deployments", "triage-pilot", ""],
    ["/deployments", "Nothing is deployed", "empty"],
    ["/deployments", "The store is damaged", "error"],
    ["/deployments/new", "What will happen", ""],
    ["/deployments/new", "No model is registered", "empty"],
    [`/deployments/${id(0)}`, "Healthy", ""],
    [`/deployments/${id(1)}`, "last known: healthy", ""],
    [`/deployments/${id(3)}`, "None serves yet; version 1 is wanted.", ""],
    ["/deployments/gone", "This deployment is not here any more", ""],
  ])("%s shows %s and passes axe", async (path, words, variant) => {
    renderScreen(path, {}, variant);
    await screen.findAllByText(words);
    expect(await axeProblems()).toEqual([]);
  });
});

it("sends the example and shows the answer with its time; refuses what is no JSON", async () => {
  const { user, backend } = renderScreen(`/deployments/${id(0)}`);
  const request = (await screen.findByRole("textbox", { name: "Request" })) as HTMLTextAreaElement;
  expect(request.value).toContain("[39.1, 18.7, 181, 3750]");
  await user.click(screen.getByRole("button", { name: "Send" }));
  await screen.findByText("200 in 14 ms");
  expect(screen.getByText(/"Adelie"/)).toBeTruthy();
  const sent = backend.calls.find((c) => c.name === "deployment_invoke")?.args as
    | { body: string }
    | undefined;
  expect(JSON.parse(sent?.body ?? "null")).toHaveProperty("dataframe_split");
  await user.clear(request);
  await user.type(request, "{{");
  expect(screen.getByText(/Not JSON yet/)).toBeTruthy();
  expect(screen.getByRole("button", { name: "Send" }).hasAttribute("disabled")).toBe(true);
});

it("rolls back to the revision it names, and deletes only for the typed name", async () => {
  const { user, backend, router } = renderScreen(`/deployments/${id(0)}`);
  await user.click(await screen.findByRole("button", { name: "Roll back" }));
  await screen.findByText("It returns to revision 2: version 2.");
  await user.click(screen.getAllByRole("button", { name: "Roll back" }).at(-1) as HTMLElement);
  await waitFor(() =>
    expect(backend.calls.find((c) => c.name === "deployment_rollback")?.args).toEqual({ id: id(0) }),
  );
  await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
  await user.click(screen.getByRole("button", { name: "More actions" }));
  await user.click(await screen.findByRole("menuitem", { name: "Delete" }));
  const confirm = await screen.findByRole("button", { name: "Delete" });
  expect(confirm.hasAttribute("disabled")).toBe(true);
  await user.type(screen.getByRole("textbox", { name: /Type penguins/ }), "penguins");
  await user.click(confirm);
  await waitFor(() =>
    expect(backend.calls.find((c) => c.name === "deployment_delete")?.args).toEqual({
      id: id(0),
      confirm_name: "penguins",
    }),
  );
  await waitFor(() => expect(router.state.location.pathname).toBe("/deployments"));
});

it("will not deploy a version without an image to containers, nor to a taken port", async () => {
  const { user, backend } = renderScreen("/deployments/new?model=penguins&version=1");
  await screen.findByText(/version 1 has no image yet/);
  expect(screen.getByRole("button", { name: "Deploy" }).hasAttribute("disabled")).toBe(true);
  await user.click(screen.getByRole("button", { name: /^Version|Version 1/ }));
  await user.click(await screen.findByRole("option", { name: /Version 3/ }));
  const port = screen.getByRole("textbox", { name: /^Port on the machine/ });
  await user.type(port, "8080");
  await user.tab();
  await screen.findByText("Taken by nginx (812).");
  await user.clear(port);
  await user.type(port, "9100");
  await user.tab();
  await screen.findByText("Nothing listens there.");
  await user.click(screen.getByRole("button", { name: "Deploy" }));
  await waitFor(() =>
    expect(backend.calls.find((c) => c.name === "deployment_create")?.args).toMatchObject({
      name: "penguins",
      model: "penguins",
      version: 3,
      port: 9100,
      bind: null,
    }),
  );
});

it("shows why a deployment could not be made, beside the button", async () => {
  const { user } = renderScreen("/deployments/new?model=penguins&version=3", {
    deployment_create: () => {
      throw new CommandError({ code: "port_taken", message: "Port 9000 on kiln-north is taken." });
    },
  });
  await screen.findByText(/registry\.hall3:5000\/models\/penguins:3/);
  await user.click(screen.getByRole("button", { name: "Deploy" }));
  await screen.findByText("Port 9000 on kiln-north is taken.");
});

it("checks names and ports by the program's rules", () => {
  expect(check.deploymentName("penguins-2")).toBeNull();
  for (const bad of ["", "-a", "a-", "A", "å", "x".repeat(51)])
    expect(check.deploymentName(bad), bad).not.toBeNull();
  expect(check.port(null)).toBeNull();
  for (const bad of [0, 80, 65_536, 1.5]) expect(check.port(bad), String(bad)).not.toBeNull();
  expect(check.nameFor("X-ray Triage!")).toBe("x-ray-triage");
});
