import { useState } from "react";
import { logLine, RUNS } from "../fixtures/runs";
import type { RunRow } from "../bindings/api";
import { ChartGroup, LineChart, type Series, Sparkline } from "../shared/charts";
import { EmptyState } from "../shared/components";
import { LogView } from "../shared/logview";
import { type Column, DataTable, type Sort } from "../shared/table";
import { Checks } from "../features/machines/Checks";
import { checks } from "../fixtures/workspace";
import { type Story, stories } from "./story";

const COLUMNS: readonly Column<RunRow>[] = [
  { id: "name", header: "Name", text: (r) => r.name, width: 180 },
  { id: "experiment", header: "Experiment", text: (r) => r.experiment, width: 160, sort: null },
  {
    id: "accuracy",
    header: "accuracy",
    text: (r) => r.metrics[0]?.value?.toFixed(3) ?? "",
    align: "end",
    width: 110,
  },
];

function Table(props: {
  rows: readonly RunRow[];
  loading?: boolean;
  chosen?: readonly string[];
  small?: boolean;
}) {
  const [selected, setSelected] = useState(new Set(props.chosen));
  const [sort, setSort] = useState<Sort>({ id: "name", desc: false });
  return (
    <DataTable
      id={`story-${props.rows.length}-${props.small ?? false}`}
      label="Runs"
      rows={props.rows}
      rowKey={(r) => r.id}
      columns={COLUMNS}
      sort={sort}
      onSort={setSort}
      noun={(n) => `${n} runs`}
      loading={props.loading ?? false}
      height={props.small ? "content" : "fill"}
      empty={<EmptyState title="No run yet" lead="Start one." />}
      {...(props.chosen ? { selected, onSelected: setSelected } : {})}
      actions={(r) => [{ id: "open", label: `Open ${r.name}`, onAction: () => {} }]}
    />
  );
}

const wave = (count: number, phase: number) =>
  Array.from({ length: count }, (_, i) => Math.sin(i / 9 + phase) / (1 + i / 40));
const steps = (count: number) => Array.from({ length: count }, (_, i) => i);

function series(count: number, lines: number): Series[] {
  return Array.from({ length: lines }, (_, line) => ({
    id: RUNS[line]?.id ?? String(line),
    label: RUNS[line]?.name ?? String(line),
    x: steps(count),
    y: wave(count, line / 2),
  }));
}

const GAPS: Series[] = [
  {
    id: "gaps",
    label: "loss",
    x: steps(60),
    y: wave(60, 0).map((v, i) => (i > 20 && i < 26 ? Number.NaN : i === 40 ? Number.POSITIVE_INFINITY : v)),
  },
];

const lines = Array.from({ length: 60 }, (_, n) => logLine(n));

export const viewStories: Story[] = [
  ...stories(
    "DataTable",
    {
      typical: () => <Table rows={RUNS.slice(0, 12)} />,
      virtual: () => <Table rows={RUNS} />,
      selected: () => <Table rows={RUNS.slice(0, 12)} chosen={RUNS.slice(2, 5).map((r) => r.id)} />,
      empty: () => <Table rows={[]} />,
      loading: () => <Table rows={[]} loading />,
    },
    { height: 280 },
  ),
  ...stories("DataTable", { "as high as its rows": () => <Table rows={RUNS.slice(0, 3)} small /> }),
  ...stories("LineChart", {
    "one run": () => <LineChart title="loss" series={series(120, 1)} />,
    "several runs": () => <LineChart title="loss" series={series(120, 4)} smoothing={0.6} />,
    "gaps and infinities": () => <LineChart title="loss" series={GAPS} />,
    "log scale": () => <LineChart title="loss" series={series(120, 1)} yScale="log" />,
    "with unit and note": () => (
      <LineChart
        title="latency"
        unit="ms"
        xKind="relative"
        series={series(40, 1)}
        note="Thinned from 1,000,000 points."
      />
    ),
    empty: () => <LineChart title="loss" series={[]} />,
    shared: () => (
      <ChartGroup>
        <LineChart title="loss" series={series(80, 2)} height={120} />
        <LineChart title="accuracy" series={series(80, 2)} height={120} />
      </ChartGroup>
    ),
  }),
  ...stories("Sparkline", {
    line: () => <Sparkline values={wave(40, 1)} label="loss, latest 0.12" />,
    gaps: () => <Sparkline values={[1, Number.NaN, 3, 2]} label="loss, latest 2" />,
    "one point": () => <Sparkline values={[1]} label="loss, latest 1" />,
    "not a number": () => <Sparkline values={[Number.NaN, Number.NaN]} label="loss, NaN" />,
  }),
  ...stories(
    "LogView",
    {
      ended: () => <LogView lines={lines} label="Log of the run" />,
      live: () => <LogView lines={lines} live label="Log of the run" />,
      empty: () => <LogView lines={[]} label="Log of the run" />,
    },
    { height: 280 },
  ),
  ...stories("Checks", {
    "found and failed": () => <Checks checks={checks} onAgain={() => {}} />,
    running: () => (
      <Checks
        checks={checks.map((check, i) =>
          i < 2
            ? check
            : {
                ...check,
                state: i === 2 ? "running" : "waiting",
                value: null,
                cause: null,
                remedy: null,
                command: null,
                ms: null,
              },
        )}
      />
    ),
  }),
];
