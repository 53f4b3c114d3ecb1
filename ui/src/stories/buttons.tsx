import { Pencil, Play, Rocket, Trash2 } from "lucide-react";
import { useState } from "react";
import {
  ActionsMenu,
  Button,
  CopyButton,
  CopyLine,
  IconButton,
  Kbd,
  Link,
  LinkButton,
  Mono,
  StatusPill,
  StatusWord,
  toast,
} from "../shared/components";
import { Mark } from "../shared/components/Mark";
import { Soundings } from "../shared/components/Soundings";
import { Toasts } from "../shared/components/Toast";
import { Opened } from "./Opened";
import { type Story, stories } from "./story";
import { NOW } from "./worlds";

const nothing = () => {};

const items = [
  { id: "open", label: "Open", icon: <Play size={14} aria-hidden />, onAction: nothing },
  { id: "rename", label: "Rename…", icon: <Pencil size={14} aria-hidden />, detail: "F2", onAction: nothing },
  { id: "stop", label: "Stop", disabled: true, onAction: nothing },
  { id: "delete", label: "Delete…", icon: <Trash2 size={14} aria-hidden />, danger: true, onAction: nothing },
];

function Toasted(props: { kind: "good" | "notice"; action?: boolean; long?: boolean }) {
  // Once, before the first drawing: a toast is a fact, not a part of the tree.
  useState(() =>
    toast({
      title: props.long ? "Run quarterly-recalibration-of-the-northern-kiln-line deleted" : "Run deleted",
      detail: "1 of 340 runs",
      kind: props.kind,
      ...(props.action ? { action: { label: "Undo", onAction: nothing } } : {}),
    }),
  );
  return <Toasts />;
}

export const buttonStories: Story[] = [
  ...stories("Button", {
    plain: () => <Button>Check again</Button>,
    primary: () => (
      <Button variant="primary" icon={<Play size={16} aria-hidden />}>
        Start run
      </Button>
    ),
    danger: () => (
      <Button variant="danger" icon={<Trash2 size={16} aria-hidden />}>
        Delete model
      </Button>
    ),
    quiet: () => <Button variant="quiet">Use the last form</Button>,
    small: () => <Button size="small">Continue</Button>,
    disabled: () => (
      <>
        <Button isDisabled>Send</Button>{" "}
        <Button variant="primary" isDisabled>
          Send
        </Button>{" "}
        <Button variant="danger" isDisabled>
          Delete
        </Button>
      </>
    ),
    pending: () => (
      <Button variant="primary" isPending>
        Start run
      </Button>
    ),
    "long words": () => (
      <div style={{ width: 220 }}>
        <Button variant="primary">Driftsätt den här versionen på maskinen</Button>
      </div>
    ),
    link: () => (
      <LinkButton to="/runs/new" variant="primary" icon={<Rocket size={16} aria-hidden />}>
        Deploy
      </LinkButton>
    ),
  }),
  ...stories("IconButton", {
    normal: () => <IconButton label="Rename" icon={<Pencil size={16} aria-hidden />} />,
    small: () => <IconButton size="small" label="Rename" icon={<Pencil size={14} aria-hidden />} />,
    disabled: () => <IconButton isDisabled label="Rename" icon={<Pencil size={16} aria-hidden />} />,
  }),
  ...stories("Copy", {
    button: () => <CopyButton text="sha256:3b9a" label="Copy digest" />,
    "with words": () => <CopyButton withWords text="everything" label="Copy details" />,
    line: () => <CopyLine text="sudo usermod -aG docker operator" label="Copy command" />,
    "long line": () => (
      <div style={{ width: 300 }}>
        <CopyLine text={`sha256:${"3b9a7f01".repeat(8)}`} label="Copy digest" />
      </div>
    ),
  }),
  ...stories("Link", {
    normal: () => <Link to="/runs">Runs</Link>,
    current: () => (
      <Link to="/runs" current>
        Runs
      </Link>
    ),
  }),
  ...stories("Words", {
    keys: () => (
      <>
        <Kbd>Ctrl</Kbd> <Kbd>K</Kbd>
      </>
    ),
    mono: () => <Mono>python train.py --epochs 300</Mono>,
  }),
  ...stories("Menu", { closed: () => <ActionsMenu label="More actions" items={items} /> }),
  ...stories(
    "Menu",
    {
      open: () => (
        <Opened>
          <ActionsMenu label="More actions" items={items} />
        </Opened>
      ),
    },
    { alone: true, height: 240 },
  ),
  ...stories("StatusPill", {
    good: () => <StatusPill kind="good" label="Healthy" at={NOW} />,
    notice: () => <StatusPill kind="notice" label="Interrupted" at={NOW} />,
    bad: () => <StatusPill kind="bad" label="Failed" at={NOW} />,
    busy: () => <StatusPill kind="busy" label="Running" at={NOW} />,
    idle: () => <StatusPill kind="idle" label="Queued" at={NOW} />,
    "two facts": () => (
      <StatusPill kind="notice" label="Unreachable since 14:02" detail="last known: running" at={NOW} />
    ),
    narrow: () => (
      <div style={{ width: 120 }}>
        <StatusPill kind="notice" label="Unreachable since 14:02" detail="last known: running" at={NOW} />
      </div>
    ),
  }),
  ...stories("StatusWord", {
    good: () => <StatusWord kind="good" label="Healthy" at={NOW} />,
    notice: () => <StatusWord kind="notice" label="Unreachable" detail="was running" at={NOW} />,
    bad: () => <StatusWord kind="bad" label="Failed" at={NOW} />,
    busy: () => <StatusWord kind="busy" label="Running" at={NOW} />,
    idle: () => <StatusWord kind="idle" label="Queued" at={NOW} />,
    narrow: () => (
      <div style={{ width: 110 }}>
        <StatusWord kind="notice" label="Unreachable" detail="was running" at={NOW} />
      </div>
    ),
  }),
  ...stories(
    "Toast",
    {
      good: () => <Toasted kind="good" />,
      notice: () => <Toasted kind="notice" />,
      "with undo": () => <Toasted kind="good" action />,
      "long words": () => <Toasted kind="good" action long />,
    },
    { alone: true, height: 160 },
  ),
  ...stories("Mark", {
    small: () => <Mark size={21} />,
    large: () => <Mark size={44} />,
  }),
  ...stories(
    "Soundings",
    {
      ground: () => (
        <div style={{ position: "relative", height: 240, overflow: "hidden" }}>
          <Soundings />
        </div>
      ),
    },
    { height: 260 },
  ),
];
