import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { axeProblems, renderScreen } from "../../../tests/render";
import { RUNS } from "../../fixtures/runs";
import { CommandError } from "../../shared/backend";
import * as check from "./validate";

describe("screens", () => {
  it.each([
    ["/models", "x-ray-triage", ""],
    ["/models", "No models registered", "empty"],
    ["/models", "The store is damaged", "error"],
    ["/models/penguins", "3 versions", ""],
    ["/models/penguins/3", "Metrics of its run", ""],
    ["/models/penguins?tab=aliases", "hall-4", ""],
    ["/models/penguins?tab=history", "@champion moved from version 1 to 3", ""],
    ["/models/penguins?tab=history&version=2", "History of version 2", ""],
    ["/models/penguins/compare", "Only what differs", ""],
    ["/models/penguins/99", "There is no version 99", ""],
    ["/models/penguins/x", "There is no version x", ""],
    ["/models/penguins/0", "There is no version 0", ""],
  ])("%s shows %s and passes axe", async (path, words, variant) => {
    renderScreen(path, {}, variant);
    await screen.findAllByText(words);
    expect(await axeProblems()).toEqual([]);
  });
});

it("shows the best values of the versions' runs when they are asked for", async () => {
  const { user, backend } = renderScreen("/models/penguins");
  const header = () => screen.findByRole("columnheader", { name: /accuracy/ });
  expect((await header()).textContent).not.toContain("max");
  await user.click(screen.getByRole("radio", { name: "Largest" }));
  expect((await header()).textContent).toContain("max");
  await waitFor(() =>
    expect(backend.calls.filter((call) => call.name === "runs_best")).toEqual([
      { name: "runs_best", args: expect.objectContaining({ best: "max" }) },
    ]),
  );
  expect(await axeProblems()).toEqual([]);
});

it("registers a model from a run and goes to the version", async () => {
  const { user, backend, router } = renderScreen(`/runs/${RUNS[1]?.id}`);
  await user.click(await screen.findByRole("button", { name: "Register model" }));
  const name = await screen.findByRole("textbox", { name: /^Model/ });
  await screen.findByText("Becomes version 4 of this model.");
  expect(await axeProblems()).toEqual([]);
  await user.clear(name);
  await user.type(name, "a/b");
  expect(screen.getByText(/none of \/ :/)).toBeTruthy();
  await user.clear(name);
  await user.type(name, "penguins");
  await user.type(screen.getByRole("textbox", { name: /^Alias/ }), "v2");
  expect(screen.getByText("Reserved: it reads like a version.")).toBeTruthy();
  await user.clear(screen.getByRole("textbox", { name: /^Alias/ }));
  await user.type(screen.getByRole("textbox", { name: /^Alias/ }), "champion");
  expect(screen.getByText("It stands for version 3 now and will move here.")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Register" }));
  await waitFor(() =>
    expect(backend.calls.find((c) => c.name === "model_register")?.args).toEqual({
      run_id: RUNS[1]?.id,
      artifact_path: "model",
      name: "penguins",
      description: null,
      tags: [],
      alias: "champion",
    }),
  );
  await waitFor(() => expect(router.state.location.pathname).toBe("/models/penguins/3"));
});

it("adds a registry with the image, shows the steps, and cancels for real", async () => {
  const { user, backend } = renderScreen("/models/penguins/3", {
    registries_list: () => [],
    registry_save: ({ host, username }) => ({
      id: "r2",
      host,
      username,
      has_password: true,
      insecure: false,
      tested_at: null,
      problem: null,
    }),
  });
  await user.click(await screen.findByRole("button", { name: "Containerize" }));
  await user.type(await screen.findByRole("textbox", { name: /^Registry host/ }), "registry.hall3:5000");
  await user.type(screen.getByRole("textbox", { name: /^Account/ }), "skerry");
  await user.type(screen.getByLabelText(/^Password or token/), "s3cret");
  expect(await axeProblems()).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Make and push" }));
  await screen.findByText("Push to the registry");
  expect(backend.calls.find((c) => c.name === "containerize")?.args).toEqual({
    name: "penguins",
    version: 3,
    registry_id: "r2",
    repository: "models/penguins",
    tag: "3",
    base_image: null,
  });
  expect(screen.getByText("80.1 MiB / 156 MiB")).toBeTruthy();
  expect(document.body.textContent).not.toContain("s3cret");
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  await waitFor(() => expect(backend.calls.some((c) => c.name === "operation_cancel")).toBe(true));
});

it("keeps the form when the registry refuses", async () => {
  const { user } = renderScreen("/models/penguins/3", {
    containerize: () => {
      throw new CommandError({
        code: "registry_unauthorized",
        message: "registry.hall3:5000 refused the account.",
      });
    },
  });
  await user.click(await screen.findByRole("button", { name: "Containerize" }));
  const tag = await screen.findByRole("textbox", { name: /^Tag/ });
  await user.clear(tag);
  await user.type(tag, "rc1");
  await user.click(screen.getByRole("button", { name: "Make and push" }));
  await screen.findByText("registry.hall3:5000 refused the account.");
  expect((screen.getByRole("textbox", { name: /^Tag/ }) as HTMLInputElement).value).toBe("rc1");
});

it("checks names as the registry and the program do", () => {
  expect(check.repository("models/penguins")).toBeNull();
  expect(check.repository("Models/x")).not.toBeNull();
  expect(check.repository("a//b")).not.toBeNull();
  expect(check.imageTag("-x")).not.toBeNull();
  expect(check.registryHost("registry.hall3:5000")).toBeNull();
  expect(check.registryHost("http://x")).not.toBeNull();
  expect(check.registryHost("x:99999")).not.toBeNull();
  expect(check.repositoryFor("Röntgen triage")).toBe("models/ro-ntgen-triage");
});
