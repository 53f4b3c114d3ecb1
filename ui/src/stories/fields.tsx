import { KeyRound, Lock, Server } from "lucide-react";
import { type ReactNode, useState } from "react";
import {
  Checkbox,
  ChoiceCards,
  EditableText,
  FolderField,
  KeyValueEditor,
  NumberField,
  type Pair,
  SecretField,
  Segmented,
  Select,
  Switch,
  TagList,
  TextField,
} from "../shared/components";
import { BackendProvider } from "../shared/backend";
import { fakeBackend } from "../shared/backend/fake";
import { Opened } from "./Opened";
import { type Story, stories } from "./story";

/** A field that takes what is typed, as on a screen. */
function Held<T>(props: { start: T; children: (value: T, set: (value: T) => void) => ReactNode }) {
  const [value, setValue] = useState(props.start);
  return <div style={{ maxWidth: 380 }}>{props.children(value, setValue)}</div>;
}

const METRICS = Array.from({ length: 250 }, (_, i) => ({
  value: `layer/${i}/norm`,
  label: `layer/${i}/norm`,
}));
const MACHINES = [
  { value: "kiln-north", label: "kiln-north", detail: "operator@10.20.4.11:22 · Docker 28.2.2" },
  { value: "assay", label: "assay-lab-2", detail: "unreachable", disabled: true },
];

const WITH_FOLDERS = fakeBackend({}, { pickFolder: async () => "/home/me/project" });
const done = async () => {};
const fails = async () => {
  throw new Error("The store could not be written: the disk is full.");
};

function text(start: string, props: Partial<Parameters<typeof TextField>[0]> = {}) {
  return () => (
    <Held start={start}>
      {(value, set) => <TextField label="Experiment" value={value} onChange={set} {...props} />}
    </Held>
  );
}

function secret(start: string, props: Partial<Parameters<typeof SecretField>[0]> = {}) {
  return () => (
    <Held start={start}>
      {(value, set) => <SecretField label="Password" value={value} onChange={set} {...props} />}
    </Held>
  );
}

function number(start: number | null, props: Partial<Parameters<typeof NumberField>[0]> = {}) {
  return () => (
    <Held<number | null> start={start}>
      {(value, set) => <NumberField label="Port" value={value} onChange={set} {...props} />}
    </Held>
  );
}

function pairs(start: Pair[], props: Partial<Parameters<typeof KeyValueEditor>[0]> = {}) {
  return () => (
    <Held start={start}>
      {(value, set) => (
        <KeyValueEditor label="Environment variables" value={value} onChange={set} {...props} />
      )}
    </Held>
  );
}

export const fieldStories: Story[] = [
  ...stories("TextField", {
    empty: text("", { placeholder: "penguins", description: "Made when it is not there yet." }),
    filled: text("penguins"),
    optional: text("", { isRequired: false }),
    required: text("", { isRequired: true }),
    wrong: text("a".repeat(501), { error: "An experiment name has at most 500 characters." }),
    disabled: text("penguins", { isDisabled: true }),
    mono: text("python train.py --epochs 300", { mono: true }),
    "with unit": text("300", { suffix: "s" }),
    "several lines": text("first\nsecond", { multiline: true, rows: 4 }),
    "right to left": text("مختبر التحليل الثاني"),
  }),
  ...stories("SecretField", {
    empty: secret(""),
    filled: secret("correct horse"),
    "weak, judged": secret("abc", { strength: true }),
    "strong, judged": secret("correct horse battery staple", { strength: true }),
    wrong: secret("x", { error: "10.20.4.11 refused the password of 'operator'." }),
    disabled: secret("", { isDisabled: true }),
  }),
  ...stories("NumberField", {
    empty: number(null),
    filled: number(9000, { min: 1, max: 65_535 }),
    "with unit": number(30, { unit: "s" }),
    wrong: number(80, { error: "The agent's user may not listen on port 80." }),
    disabled: number(22, { isDisabled: true }),
  }),
  ...stories("FolderField", {
    "typed only": () => (
      <Held start="">
        {(value, set) => (
          <FolderField label="Project folder" placeholder="/home/me/project" value={value} onChange={set} />
        )}
      </Held>
    ),
    "with a dialog": () => (
      <BackendProvider backend={WITH_FOLDERS}>
        <Held start="/home/me/project">
          {(value, set) => <FolderField label="Project folder" value={value} onChange={set} />}
        </Held>
      </BackendProvider>
    ),
    wrong: () => (
      <Held start="project">
        {(value, set) => (
          <FolderField
            label="Project folder"
            value={value}
            onChange={set}
            error="Enter an absolute path: it starts with /."
          />
        )}
      </Held>
    ),
  }),
  ...stories("Select", {
    empty: () => (
      <Held<string | null> start={null}>
        {(value, set) => <Select label="Machine" value={value} onChange={set} options={MACHINES} />}
      </Held>
    ),
    chosen: () => (
      <Held<string | null> start="kiln-north">
        {(value, set) => <Select label="Machine" value={value} onChange={set} options={MACHINES} />}
      </Held>
    ),
    wrong: () => (
      <Held<string | null> start={null}>
        {(value, set) => (
          <Select label="Machine" error="Choose a machine." value={value} onChange={set} options={MACHINES} />
        )}
      </Held>
    ),
    disabled: () => (
      <Held<string | null> start="kiln-north">
        {(value, set) => (
          <Select isDisabled label="Machine" value={value} onChange={set} options={MACHINES} />
        )}
      </Held>
    ),
  }),
  ...stories(
    "Select",
    {
      open: () => (
        <Opened>
          <Held<string | null> start="kiln-north">
            {(value, set) => <Select label="Machine" value={value} onChange={set} options={MACHINES} />}
          </Held>
        </Opened>
      ),
      "open, of many": () => (
        <Opened>
          <Held<string | null> start="layer/7/norm">
            {(value, set) => <Select label="Metric" value={value} onChange={set} options={METRICS} />}
          </Held>
        </Opened>
      ),
    },
    { alone: true, height: 400 },
  ),
  ...stories("Segmented", {
    "without a label": () => (
      <Held start="step">
        {(value, set) => (
          <Segmented
            label="Horizontal axis"
            value={value}
            onChange={set}
            options={[
              { value: "step", label: "Step" },
              { value: "time", label: "Time" },
            ]}
          />
        )}
      </Held>
    ),
    "with a label": () => (
      <Held start="light">
        {(value, set) => (
          <Segmented
            showLabel
            label="Colours"
            value={value}
            onChange={set}
            options={[
              { value: "system", label: "As the system" },
              { value: "light", label: "Light" },
              { value: "dark", label: "Dark" },
            ]}
          />
        )}
      </Held>
    ),
  }),
  ...stories("Checkbox", {
    off: () => (
      <Held start={false}>
        {(value, set) => (
          <Checkbox isSelected={value} onChange={set}>
            Plain HTTP
          </Checkbox>
        )}
      </Held>
    ),
    on: () => (
      <Held start={true}>
        {(value, set) => (
          <Checkbox isSelected={value} onChange={set} description="Whoever is between can read it.">
            Plain HTTP
          </Checkbox>
        )}
      </Held>
    ),
    disabled: () => (
      <Checkbox isSelected={false} onChange={() => {}} isDisabled>
        Plain HTTP
      </Checkbox>
    ),
  }),
  ...stories("Switch", {
    off: () => (
      <Held start={false}>
        {(value, set) => (
          <Switch isSelected={value} onChange={set}>
            Log scale
          </Switch>
        )}
      </Held>
    ),
    on: () => (
      <Held start={true}>
        {(value, set) => (
          <Switch isSelected={value} onChange={set}>
            Log scale
          </Switch>
        )}
      </Held>
    ),
  }),
  ...stories("ChoiceCards", {
    "one chosen, one not possible": () => (
      <Held<string | null> start="key">
        {(value, set) => (
          <ChoiceCards
            label="How to log in"
            value={value}
            onChange={set}
            options={[
              { value: "password", title: "Password", lead: "Used once.", icon: Lock },
              { value: "key", title: "Key file", lead: "A private key you have.", icon: KeyRound },
              { value: "agent", title: "ssh-agent", lead: "None answers.", icon: Server, disabled: true },
            ]}
          />
        )}
      </Held>
    ),
    "none chosen": () => (
      <Held<string | null> start={null}>
        {(value, set) => (
          <ChoiceCards
            label="Network"
            value={value}
            onChange={set}
            options={[
              { value: "closed", title: "Closed", lead: "Nothing but loopback." },
              { value: "open", title: "Open", lead: "As the machine's own." },
            ]}
          />
        )}
      </Held>
    ),
  }),
  ...stories("KeyValueEditor", {
    empty: pairs([], { description: "Not for secrets: they are shown on the run's page." }),
    filled: pairs([
      { key: "OMP_NUM_THREADS", value: "4" },
      { key: "TZ", value: "Europe/Stockholm" },
    ]),
    wrong: pairs(
      [
        { key: "1A", value: "x" },
        { key: "", value: "y" },
        { key: "TZ", value: "" },
        { key: "TZ", value: "" },
      ],
      { validateKey: (key) => (/^\d/.test(key) ? "A name does not begin with a digit." : null) },
    ),
    disabled: pairs([], { isDisabled: true }),
  }),
  ...stories("EditableText", {
    empty: () => <EditableText label="Note" empty="Add a note" text="" onSave={done} />,
    filled: () => (
      <EditableText
        label="Note"
        empty="Add a note"
        text={"Baseline for the **autumn review**.\n\n- seed 7\n- see [the protocol](https://example.org)"}
        onSave={done}
      />
    ),
    "right to left": () => <EditableText label="Note" empty="Add" text="ملاحظة قصيرة" onSave={fails} />,
  }),
  ...stories("TagList", {
    none: () => <TagList tags={[]} onSet={done} onDelete={done} />,
    some: () => (
      <TagList
        tags={[
          { key: "team", value: "imaging" },
          { key: "purpose", value: "baseline for the autumn review, which is long" },
        ]}
        onSet={done}
        onDelete={done}
      />
    ),
  }),
];
