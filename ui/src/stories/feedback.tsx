import { Boxes } from "lucide-react";
import { CommandError } from "../shared/backend";
import {
  Aside,
  AsideSection,
  Banner,
  Button,
  Bytes,
  Duration,
  EmptyState,
  ErrorBanner,
  Fact,
  Facts,
  FactStrip,
  Loading,
  LoadingShape,
  Markdown,
  NamedValues,
  Num,
  Page,
  Progress,
  Section,
  Skeleton,
  Spinner,
  StatusPill,
  Time,
} from "../shared/components";
import { formatBytes } from "../shared/format";
import { type Story, stories } from "./story";
import { NOW } from "./worlds";

const failure = new CommandError({
  code: "port_taken",
  message: "Port 9000 of the machine is taken by nginx.",
  details: { port: "9000", holder: "nginx" },
});
const never = { data: undefined, error: null, isPending: true, refetch: () => {} };

const MARKDOWN = `# What was tried

A *wider* network with **dropout**, see [the paper](https://example.org/paper) and \`train.py\`.

1. seed 7
2. seed 8

- [x] baseline
- [ ] with the new sensor

> Looks better on the night shift.

| seed | f1 |
|---|--:|
| 7 | 0.94 |
| 8 | 0.95 |

\`\`\`
python train.py --epochs 300 --note "a long line that has to scroll within its box, not push the page"
\`\`\`

<script>alert(1)</script> and <b>tags</b> stay text; so does [this](javascript:alert(1)).
![a picture](https://example.org/x.png)
`;

export const feedbackStories: Story[] = [
  ...stories("Banner", {
    plain: () => <Banner kind="plain" title="Registration of kiln-south is not finished" />,
    good: () => (
      <Banner kind="good" title="Image pushed">
        <p>registry.plant.example:5000/models/ore-grade:7</p>
      </Banner>
    ),
    notice: () => (
      <Banner
        kind="notice"
        title="kiln-north is unreachable"
        actions={<Button size="small">Reconnect</Button>}
      >
        <p>What is shown is what was last known, 14 minutes ago.</p>
      </Banner>
    ),
    bad: () => <Banner kind="bad" title="The machine shows another key" />,
    busy: () => <Banner kind="busy" title="Version 8 is being started; version 7 serves" />,
  }),
  ...stories("ErrorBanner", {
    full: () => <ErrorBanner error={failure} onRetry={() => {}} />,
    "own title": () => <ErrorBanner title="The image was not made" error={failure} />,
    unplanned: () => <ErrorBanner error={new Error("undefined is not a function")} />,
    "long facts": () => (
      <ErrorBanner
        error={{
          code: "command_failed",
          message: "The command ended with exit code 1.",
          details: { output: "Traceback (most recent call last):\n".repeat(20) },
        }}
      />
    ),
  }),
  ...stories("EmptyState", {
    "with an act": () => (
      <EmptyState
        icon={Boxes}
        title="No model yet"
        lead="A model is registered from a finished run."
        actions={<Button variant="primary">To the runs</Button>}
      />
    ),
    "words alone": () => <EmptyState title="Nothing of that kind" />,
  }),
  ...stories("Loading", {
    shape: () => <Skeleton rows={4} />,
    pending: () => <LoadingShape rows={4} />,
    "of a query": () => <Loading query={never}>{() => null}</Loading>,
    failed: () => <Loading query={{ ...never, error: failure, isPending: false }}>{() => null}</Loading>,
    "old data under an error": () => (
      <Loading query={{ data: "kiln-north", error: failure, isPending: false, refetch: () => {} }}>
        {(name) => <p>{name}</p>}
      </Loading>
    ),
  }),
  ...stories("Progress", {
    known: () => (
      <Progress label="Sending the agent" done={4_194_304} total={9_437_184} format={formatBytes} />
    ),
    unknown: () => <Progress label="Reading the base image" done={182_000_000} format={formatBytes} />,
    "with cancel": () => <Progress label="Sending" done={40} total={100} onCancel={() => {}} />,
    spinner: () => <Spinner label="Looking at the folder…" />,
  }),
  ...stories("Facts", {
    list: () => (
      <Facts>
        <Fact label="System">Debian GNU/Linux 12 (bookworm)</Fact>
        <Fact label="Disk">1.3 TiB free of 1.7 TiB</Fact>
      </Facts>
    ),
    strip: () => (
      <FactStrip>
        <Fact label="Machine">kiln-north</Fact>
        <Fact label="Started">14:02:11</Fact>
        <Fact label="Duration">4 min 1 s</Fact>
      </FactStrip>
    ),
    "named values": () => (
      <div style={{ width: 300 }}>
        <NamedValues
          label="Params"
          empty="No params"
          values={[
            { key: "lr", value: "0.01" },
            { key: "a-name-that-is-far-too-long-for-its-column", value: "and a value that is just as long" },
          ]}
        />
      </div>
    ),
    figures: () => (
      <div style={{ width: 300 }}>
        <NamedValues
          label="Metrics"
          empty="No metrics"
          align="end"
          values={[
            { key: "accuracy", value: "0.9641" },
            { key: "loss", value: "NaN" },
          ]}
        />
      </div>
    ),
    none: () => <NamedValues label="Params" empty="No params were logged." values={[]} />,
    aside: () => (
      <Aside label="About the run">
        <AsideSection title="Note">
          <p>Baseline</p>
        </AsideSection>
      </Aside>
    ),
  }),
  ...stories("Figures", {
    "time, today": () => <Time at={NOW} />,
    "time, relative": () => <Time at={NOW - 900_000} relative />,
    never: () => <Time at={null} />,
    duration: () => <Duration ms={192_000} />,
    size: () => <Bytes n={5_368_709_120} />,
    number: () => <Num v={0.000_012_34} />,
    "not a number": () => <Num v={Number.NaN} />,
  }),
  ...stories("Markdown", {
    everything: () => <Markdown text={MARKDOWN} />,
    plain: () => <Markdown text={"Two lines\nas they were typed & <kept>."} />,
    "right to left": () => <Markdown text="**ملاحظة** قصيرة عن التجربة" />,
  }),
  ...stories(
    "Page",
    {
      full: () => (
        <Page
          title="calm-gull-102"
          breadcrumbs={[
            { label: "Runs", to: "/runs" },
            { label: "penguins", to: "/runs?experiment=penguins" },
          ]}
          state={<StatusPill kind="good" label="Finished" />}
          lead="Registered 12 May by eva"
          actions={<Button variant="primary">Register model</Button>}
        >
          <Section title="Running" count={2} lead="What goes on now." actions={<Button>All</Button>}>
            <p>…</p>
          </Section>
        </Page>
      ),
      "long title": () => (
        <Page
          title={"quarterly-recalibration-of-the-northern-kiln-line-".repeat(8)}
          actions={<Button>Stop</Button>}
        >
          <p>…</p>
        </Page>
      ),
    },
    { height: 260 },
  ),
];
