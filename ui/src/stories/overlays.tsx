import { useState } from "react";
import { Palette } from "../app/Palette";
import {
  Button,
  ConfirmDialog,
  Dialog,
  Drawer,
  ErrorBanner,
  StepFooter,
  Tabs,
  TextField,
  Wizard,
  type WizardStep,
} from "../shared/components";
import { type Story, stories } from "./story";

const nothing = () => {};

const STEPS: readonly WizardStep<string>[] = [
  { id: "address", label: "Address", state: "done", summary: "operator@10.20.4.12:22" },
  { id: "key", label: "Host key", state: "active" },
  { id: "login", label: "Log in", state: "todo" },
];

function Steps(props: { failed?: boolean }) {
  const steps = props.failed
    ? STEPS.map((s) => (s.id === "key" ? { ...s, state: "error" as const } : s))
    : STEPS;
  return (
    <Wizard
      title="Register a machine"
      steps={steps}
      current="key"
      onStep={nothing}
      onClose={nothing}
      closeLabel="Close"
      closeHint="What is entered is kept."
      heading="Is this the machine?"
      lead="Compare the fingerprint with the machine's own."
      footer={
        <StepFooter onBack={nothing} hint="Nothing is changed on the machine.">
          <Button variant="primary">Yes, it is the machine</Button>
        </StepFooter>
      }
    >
      {props.failed ? <ErrorBanner error={{ code: "host_key_mismatch", message: "Another key." }} /> : null}
      <p>SHA256:8hQqzL2nT0yJ7o3dD5kq1mXb9cVfGhRtYuIoPaSdFgH</p>
    </Wizard>
  );
}

function Tabbed(props: { start: "a" | "b" }) {
  const [value, setValue] = useState<"a" | "b">(props.start);
  return (
    <Tabs
      label="Views of the run"
      value={value}
      onChange={setValue}
      tabs={[
        { id: "a", label: "Overview", panel: <p>Charts</p> },
        { id: "b", label: "Log", count: 1240, panel: <p>Lines</p> },
      ]}
    />
  );
}

export const overlayStories: Story[] = [
  ...stories(
    "Dialog",
    {
      medium: () => (
        <Dialog
          title="Rename machine"
          isOpen
          onOpenChange={nothing}
          actions={
            <>
              <Button>Cancel</Button>
              <Button variant="primary">Save</Button>
            </>
          }
        >
          <TextField label="Name" value="kiln-north" onChange={nothing} />
        </Dialog>
      ),
      large: () => (
        <Dialog title="Containerize" size="large" isOpen onOpenChange={nothing}>
          <p>What will happen stands here.</p>
        </Dialog>
      ),
      "long content": () => (
        <Dialog
          title={"A title that is long ".repeat(6)}
          isOpen
          onOpenChange={nothing}
          actions={<Button>Close</Button>}
        >
          {Array.from({ length: 40 }, (_, line) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines of a filler
            <p key={line}>Line {line + 1}</p>
          ))}
        </Dialog>
      ),
      confirm: () => (
        <ConfirmDialog
          title="Stop grade-scorer?"
          isOpen
          onOpenChange={nothing}
          confirmLabel="Stop"
          onConfirm={async () => {}}
        >
          <p>Requests are refused until it is started again.</p>
        </ConfirmDialog>
      ),
      "confirm by name": () => (
        <ConfirmDialog
          title="Delete penguins?"
          isOpen
          onOpenChange={nothing}
          confirmLabel="Delete model"
          danger
          typeName="penguins"
          onConfirm={async () => {}}
        >
          <p>3 versions are deleted.</p>
        </ConfirmDialog>
      ),
    },
    { alone: true, height: 480 },
  ),
  ...stories(
    "Drawer",
    {
      open: () => (
        <div style={{ display: "flex", height: "100%" }}>
          <div style={{ flex: 1 }}>The list</div>
          <Drawer title="calm-gull-102" isOpen onClose={nothing} actions={<Button size="small">Open</Button>}>
            <p>What is known of the row.</p>
          </Drawer>
        </div>
      ),
      "long title": () => (
        <div style={{ display: "flex", height: "100%" }}>
          <div style={{ flex: 1 }}>The list</div>
          <Drawer title={"calm-gull-".repeat(20)} isOpen onClose={nothing}>
            <p>What is known of the row.</p>
          </Drawer>
        </div>
      ),
    },
    { height: 240 },
  ),
  ...stories(
    "Tabs",
    { first: () => <Tabbed start="a" />, "with a count": () => <Tabbed start="b" /> },
    { height: 120 },
  ),
  ...stories("Wizard", { step: () => <Steps />, failed: () => <Steps failed /> }, { height: 420 }),
  ...stories("Palette", { open: () => <Palette onClose={nothing} /> }, { alone: true, height: 480 }),
];
