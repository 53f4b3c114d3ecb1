import { FileText } from "lucide-react";
import type { ReactNode } from "react";
import type { ReportBlock, ReportContent } from "../../bindings/api";
import { EmptyState, Markdown } from "../../shared/components";
import { t } from "../../shared/i18n";
import { ChartGroup } from "../../shared/charts";
import { runsOf } from "./content";
import { ReportChart } from "./ReportChart";
import { ReportTable } from "./ReportTable";
import styles from "./reports.module.css";

/** What a part of a report shows. */
export function BlockView(props: {
  block: ReportBlock;
  content: ReportContent;
  /** Stands beside the title of a chart that is drawn. */
  tools?: ReactNode;
}) {
  const { block, content } = props;
  const { body } = block;
  switch (body.kind) {
    case "text":
      return <Markdown text={body.text} headings />;
    case "chart":
      return <ReportChart body={body} runs={runsOf(body, content)} tools={props.tools} />;
    case "table":
      return <ReportTable body={body} runs={runsOf(body, content)} />;
  }
}

/** A report to read; `figure` makes what stands beside each chart. */
export function Blocks(props: { content: ReportContent; figure?: (block: ReportBlock) => ReactNode }) {
  const { content } = props;
  if (content.blocks.length === 0) {
    return <EmptyState icon={FileText} title={t("reports.blankTitle")} lead={t("reports.blankLead")} />;
  }
  return (
    <ChartGroup>
      <div className={styles.blocks}>
        {content.blocks.map((block) => (
          <div key={block.id} className={styles.part} data-kind={block.body.kind}>
            <BlockView block={block} content={content} tools={props.figure?.(block)} />
          </div>
        ))}
      </div>
    </ChartGroup>
  );
}
