import { X } from "lucide-react";
import type { ReportBlock, ReportContent } from "../../bindings/api";
import { useQueryCommand } from "../../shared/backend";
import { IconButton, Markdown, Select, Switch, TextField } from "../../shared/components";
import { t } from "../../shared/i18n";
import { ALL, ChartScales, likelyAxis, TIMES } from "../runs/ChartScales";
import { ChartSmoothing } from "../runs/ChartSmoothing";
import { ColumnChooser } from "../runs/ColumnChooser";
import { pinsOf } from "../runs/columns";
import { type Chart, METRICS, runsOf, type Table } from "./content";
import { useReportRuns } from "./ReportChart";
import { RunsChoice } from "./RunsChoice";
import styles from "./reports.module.css";

interface Props<Body> {
  body: Body;
  content: ReportContent;
  onChange: (body: Body) => void;
}

/** What of a part can be changed. */
export function BlockFields(props: {
  block: ReportBlock;
  content: ReportContent;
  onChange: (block: ReportBlock) => void;
}) {
  const { block, content } = props;
  const { body } = block;
  const onChange = (next: ReportBlock["body"]) => props.onChange({ ...block, body: next });
  switch (body.kind) {
    case "text":
      return (
        <div className={styles.write}>
          <TextField
            label={t("reports.markdown")}
            value={body.text}
            onChange={(text) => onChange({ kind: "text", text })}
            description={t("common.markdown")}
            multiline
            rows={8}
          />
          <div className={styles.preview} role="group" aria-label={t("reports.preview")}>
            {body.text.trim() === "" ? (
              <p className="quiet">{t("reports.previewEmpty")}</p>
            ) : (
              <Markdown text={body.text} headings />
            )}
          </div>
        </div>
      );
    case "chart":
      return <ChartFields body={body} content={content} onChange={onChange} />;
    case "table":
      return <TableFields body={body} content={content} onChange={onChange} />;
  }
}

function ChartFields({ body, content, onChange }: Props<Chart>) {
  const set = useReportRuns(runsOf(body, content));
  const left = (set.data?.metric_keys ?? []).filter((key) => !body.metrics.includes(key));
  const full = body.metrics.length >= METRICS;
  const keys = set.data?.metric_keys ?? [];
  // What was chosen stays to be seen when no run has it any more.
  const axes = body.over === null || keys.includes(body.over) ? keys : [body.over, ...keys];
  const likely = likelyAxis(axes.filter((key) => !body.metrics.includes(key))) ?? axes[0];
  return (
    <div className={styles.partFields}>
      <div className={styles.fields}>
        <TextField
          label={t("reports.ownTitle")}
          value={body.title}
          onChange={(title) => onChange({ ...body, title })}
          placeholder={body.metrics.join(", ")}
        />
        <Select
          label={t("reports.addMetric")}
          value={null}
          onChange={(key) => onChange({ ...body, metrics: [...body.metrics, key] })}
          isDisabled={full || left.length === 0}
          placeholder={full || left.length === 0 ? t("reports.noMoreMetrics") : t("fields.choose")}
          options={left.map((key) => ({ value: key, label: key }))}
        />
      </div>
      {body.metrics.length > 0 && (
        <ul className={styles.chips} aria-label={t("reports.metrics")}>
          {body.metrics.map((key) => (
            <li key={key}>
              <bdi title={key}>{key}</bdi>
              <IconButton
                size="small"
                label={t("reports.removeMetric", { metric: key })}
                icon={<X size={12} />}
                onPress={() => onChange({ ...body, metrics: body.metrics.filter((each) => each !== key) })}
              />
            </li>
          ))}
        </ul>
      )}
      <div className={styles.inline}>
        <ChartScales
          kinds={likely === undefined ? TIMES : ALL}
          x={body.over === null ? body.x : "metric"}
          onX={(x) =>
            onChange(x === "metric" ? { ...body, over: likely ?? null } : { ...body, x, over: null })
          }
          over={
            body.over === null
              ? null
              : { key: body.over, keys: axes, onKey: (over) => onChange({ ...body, over }) }
          }
          log={body.log}
          onLog={(log) => onChange({ ...body, log })}
        />
        <ChartSmoothing
          amount={body.smoothing}
          onAmount={(smoothing) => onChange({ ...body, smoothing })}
          kind={body.smoothing_kind}
          onKind={(smoothing_kind) => onChange({ ...body, smoothing_kind })}
        />
      </div>
      <OwnRuns body={body} content={content} onChange={onChange} />
    </div>
  );
}

function TableFields({ body, content, onChange }: Props<Table>) {
  const set = useReportRuns(runsOf(body, content));
  const known = useQueryCommand("run_keys", { experiment: null });
  return (
    <div className={styles.partFields}>
      <div className={styles.fields}>
        <TextField
          label={t("reports.ownTitle")}
          value={body.title}
          onChange={(title) => onChange({ ...body, title })}
        />
        <div className={styles.chooser}>
          <ColumnChooser
            keys={{
              metrics: set.data?.metric_keys ?? [],
              params: known.data?.params ?? [],
              tags: known.data?.tags ?? [],
            }}
            chosen={body.columns}
            onChange={(columns) => onChange({ ...body, columns: pinsOf(columns).ids.slice(0, 50) })}
          />
        </div>
      </div>
      <OwnRuns body={body} content={content} onChange={onChange} />
    </div>
  );
}

function OwnRuns<Body extends Chart | Table>({ body, content, onChange }: Props<Body>) {
  return (
    <>
      <Switch
        isSelected={body.runs !== null}
        onChange={(own) => onChange({ ...body, runs: own ? content.runs : null })}
      >
        {t("reports.ownRuns")}
      </Switch>
      {body.runs !== null && (
        <RunsChoice value={body.runs} onChange={(next) => onChange({ ...body, runs: next })} />
      )}
    </>
  );
}
