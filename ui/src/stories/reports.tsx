import { BlockFields } from "../features/reports/BlockFields";
import { BlockView, Blocks } from "../features/reports/Blocks";
import { Conflict } from "../features/reports/Conflict";
import { newBlock } from "../features/reports/content";
import type { ReportBlock } from "../bindings/api";
import { REPORTS } from "../fixtures/reports";
import { type Story, stories } from "./story";

const report = REPORTS[0];
const content = report?.content ?? { title: "", runs: { kind: "chosen" as const, runs: [] }, blocks: [] };
const searched = REPORTS[2]?.content ?? content;
const block = (n: number): ReportBlock => content.blocks[n] ?? newBlock("text");
const { body } = block(4);
const over: ReportBlock = {
  id: "over",
  body: body.kind === "chart" ? { ...body, metrics: ["loss"], over: "accuracy", smoothing: 0.6 } : body,
};
const none = { ...content, runs: { kind: "chosen" as const, runs: [] } };
const wrong = { ...searched, runs: { ...searched.runs, filter: "metrics. >" } as typeof searched.runs };

export const reportStories: Story[] = [
  ...stories("Report", {
    text: () => <BlockView block={block(0)} content={content} />,
    chart: () => <BlockView block={block(1)} content={content} />,
    "chart of two metrics": () => <BlockView block={block(4)} content={content} />,
    "chart over another metric": () => <BlockView block={over} content={content} />,
    "table with a run that is gone": () => <BlockView block={block(2)} content={content} />,
    "chart without a metric": () => <BlockView block={newBlock("chart")} content={content} />,
    "chart without runs": () => <BlockView block={newBlock("chart", { metrics: ["loss"] })} content={none} />,
    "search that fails": () => <BlockView block={block(2)} content={wrong} />,
    "nothing in it": () => <Blocks content={{ ...content, blocks: [] }} />,
  }),
  ...stories("Report part", {
    "text being written": () => <BlockFields block={block(0)} content={content} onChange={() => {}} />,
    "chart being chosen": () => <BlockFields block={block(4)} content={content} onChange={() => {}} />,
    "chart over another metric being chosen": () => (
      <BlockFields block={over} content={content} onChange={() => {}} />
    ),
    "table being chosen": () => <BlockFields block={block(2)} content={searched} onChange={() => {}} />,
  }),
  ...stories("Report conflict", {
    open: () => (report ? <Conflict theirs={report} onCopy={() => {}} onReplace={async () => {}} /> : null),
  }),
];
