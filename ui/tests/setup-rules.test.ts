import { describe, expect, it } from "vitest";
import { registerCommand } from "../src/features/setup/cli";
import {
  displayNameProblem,
  hostProblem,
  portProblem,
  tidyHost,
  userProblem,
} from "../src/features/setup/validate";
import { registryHostProblem } from "../src/features/settings/Registries";
import { draft } from "../src/fixtures/workspace";

describe("what may be typed", () => {
  it.each(["10.0.0.4", "::1", "fe80::1", "lab-1.plant.example", "lab_2", "host.", "xn--bcher-kva.example"])(
    "takes the host %s",
    (host) => expect(hostProblem(host)).toBeNull(),
  );

  it.each([
    "",
    "300.1.1.1",
    "1.2.3",
    "a b",
    "-x",
    "x-",
    "a..b",
    "bücher.example",
    `${"a".repeat(64)}.x`,
    "h:22",
    "ho/st",
  ])("refuses the host %j", (host) => expect(hostProblem(host)).not.toBeNull());

  it("takes the brackets off a pasted address", () => {
    expect(tidyHost(" [fe80::1] ")).toBe("fe80::1");
  });

  it.each([null, 0, 65_536, 1.5, -1, Number.NaN])("refuses the port %s", (port) => {
    expect(portProblem(port)).not.toBeNull();
  });

  it.each(["", "-rf", "a b", "root;id", "a@b", "$(id)", "tab\t", "x".repeat(65)])(
    "refuses the user %j",
    (user) => {
      expect(userProblem(user)).not.toBeNull();
    },
  );

  it.each(["operator", "eva.öman", "svc_train-1", "x".repeat(64)])("takes the user %s", (user) => {
    expect(userProblem(user)).toBeNull();
  });

  it("counts a name in characters, not in bytes", () => {
    expect(displayNameProblem("🪨".repeat(100))).toBeNull();
    expect(displayNameProblem("🪨".repeat(101))).not.toBeNull();
    expect(displayNameProblem("  ")).not.toBeNull();
    expect(displayNameProblem("a\u0007b")).not.toBeNull();
  });

  it.each([
    ["registry.example.org", true],
    ["10.0.0.2:5000", true],
    ["[::1]:5000", true],
    ["https://registry.example.org", false],
    ["registry.example.org/models", false],
    ["host:0", false],
    ["host:70000", false],
    ["", false],
  ])("registry %j: %s", (host, good) => {
    expect(registryHostProblem(host) === null).toBe(good);
  });
});

describe("the command that does the same", () => {
  const login = { method: "password" as const, detail: null, at: 0, remembered: false };

  it("leaves out what is usual and names every key that was confirmed", () => {
    expect(registerCommand({ ...draft, login })).toBe(
      `skerry machines add operator@10.20.4.12 --host-key ${draft.host_keys[0]?.fingerprint} --password-stdin --name kiln-south`,
    );
  });

  it("quotes, brackets and goes through the jump host", () => {
    const [offer] = draft.host_keys;
    if (!offer) throw new Error("no offer");
    const command = registerCommand({
      ...draft,
      name: "Eva's kiln",
      address: { host: "fe80::1", port: 2222, user: "op", jump: { host: "gate", port: 2200, user: "me" } },
      host_keys: [
        { ...offer, is_jump: true, fingerprint: "SHA256:jump" },
        { ...offer, fingerprint: "SHA256:own" },
      ],
      login: { ...login, method: "key_file", detail: "/home/eva/my keys/id" },
    });
    expect(command).toBe(
      "skerry machines add 'op@[fe80::1]' --port 2222 --jump me@gate:2200 --jump-host-key SHA256:jump" +
        " --host-key SHA256:own --key-file '/home/eva/my keys/id' --name 'Eva'\\''s kiln'",
    );
  });
});
