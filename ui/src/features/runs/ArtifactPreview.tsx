import { FileQuestionMark } from "lucide-react";
import { useMemo, useState } from "react";
import { useQueryCommand } from "../../shared/backend";
import { EmptyState, Loading, Segmented } from "../../shared/components";
import { formatBytes } from "../../shared/format";
import { prettyJson } from "../../shared/format/json";
import { t } from "../../shared/i18n";
import { type Column, DataTable } from "../../shared/table";
import { parseCsv } from "./csv";
import styles from "./runs.module.css";

/** The beginning of a file. Nothing in it can run or reach the console, whatever it is. */
export function ArtifactPreviewPane({ runId, path }: { runId: string; path: string }) {
  const query = useQueryCommand("run_artifact_preview", { run_id: runId, path });
  return (
    <Loading query={query} rows={8}>
      {(preview) => {
        switch (preview.kind) {
          case "image":
            return (
              <div className={styles.image}>
                <img src={preview.data_url} alt={path} />
              </div>
            );
          case "none":
            return (
              <EmptyState
                icon={FileQuestionMark}
                title={t("runs.files.noPreview")}
                lead={formatBytes(preview.size)}
              />
            );
          case "text":
            return (
              <>
                {preview.truncated && <p className={styles.truncated}>{t("runs.files.truncated")}</p>}
                {preview.format === "csv" ? (
                  <Csv text={preview.text} path={path} />
                ) : preview.format === "html" && !preview.truncated ? (
                  <Page text={preview.text} path={path} />
                ) : (
                  <Plain text={preview.text} json={preview.format === "json"} />
                )}
              </>
            );
        }
      }}
    </Loading>
  );
}

/** Nothing is loaded from anywhere: what a page shows it has to bring along. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; media-src data:";

/** A link leads to a place in the page, which has no address of its own, or tells where it would lead. */
function keepInside(link: Element): void {
  const to = link.getAttribute("href") ?? link.getAttribute("xlink:href");
  link.removeAttribute("xlink:href");
  // Nothing may open beside the page.
  link.removeAttribute("target");
  if (to?.startsWith("#")) link.setAttribute("href", `about:srcdoc${to}`);
  else if (to !== null) {
    link.removeAttribute("href");
    if (!link.hasAttribute("title")) link.setAttribute("title", to);
  }
}

/** The page with the policy before anything of its own, and without what reaches for other places by itself. */
function closed(text: string): string {
  // Nothing runs or loads in a document that is only parsed.
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const element of page.querySelectorAll("link, base, meta[http-equiv]")) element.remove();
  for (const link of page.querySelectorAll("a, area")) keepInside(link);
  const policy = page.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = POLICY;
  page.head.prepend(policy);
  return (page.doctype ? "<!doctype html>" : "") + page.documentElement.outerHTML;
}

/** A page of HTML in a frame of its own origin that runs no script, sends no form and opens nothing. */
function Page({ text, path }: { text: string; path: string }) {
  const [view, setView] = useState<"page" | "source">("page");
  const page = useMemo(() => closed(text), [text]);
  return (
    <>
      <div className={styles.pageBar}>
        <Segmented
          label={t("runs.files.view")}
          value={view}
          onChange={setView}
          options={[
            { value: "page", label: t("runs.files.page") },
            { value: "source", label: t("runs.files.source") },
          ]}
        />
        <span className="quiet">{t("runs.files.noScripts")}</span>
      </div>
      {view === "page" ? (
        <iframe className={styles.page} title={path} sandbox="" referrerPolicy="no-referrer" srcDoc={page} />
      ) : (
        <Plain text={text} json={false} />
      )}
    </>
  );
}

function Plain({ text, json }: { text: string; json: boolean }) {
  const shown = useMemo(() => (json ? prettyJson(text) : text), [text, json]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled by keyboard
    <pre className={styles.pre} tabIndex={0}>
      {shown}
    </pre>
  );
}

interface CsvRow {
  readonly n: number;
  readonly cells: readonly string[];
}

function Csv({ text, path }: { text: string; path: string }) {
  const { columns, rows } = useMemo(() => {
    const [head, ...rest] = parseCsv(text, path.endsWith(".tsv") ? "\t" : ",");
    const numeric = (i: number) =>
      rest.slice(0, 50).every((r) => r[i] === "" || Number.isFinite(Number(r[i])));
    return {
      columns: (head ?? []).map(
        (name, i): Column<CsvRow> => ({
          id: String(i),
          header: name,
          text: (r) => r.cells[i] ?? "",
          ...(numeric(i)
            ? { align: "end" as const, sort: (r: CsvRow) => (r.cells[i] ? Number(r.cells[i]) : null) }
            : {}),
          width: 128,
        }),
      ),
      rows: rest.map((cells, n): CsvRow => ({ n, cells })),
    };
  }, [text, path]);
  return (
    <div className={styles.csv}>
      <DataTable id={`csv:${path}`} label={path} rows={rows} rowKey={(r) => String(r.n)} columns={columns} />
    </div>
  );
}
