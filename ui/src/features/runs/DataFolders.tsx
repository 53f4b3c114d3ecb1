import { Plus, X } from "lucide-react";
import { useQueryCommand } from "../../shared/backend";
import { Button, ErrorBanner, IconButton, Spinner, TextField } from "../../shared/components";
import { formatBytes } from "../../shared/format";
import { t } from "../../shared/i18n";
import styles from "./runs.module.css";
import { useRested } from "./useRested";
import { absolutePath } from "./validate";

export interface FolderRow {
  source: string;
  target: string;
}

export function mountsWrong(rows: readonly FolderRow[]): boolean {
  return (
    new Set(rows.map((r) => r.target)).size !== rows.length ||
    rows.some((r) => absolutePath(r.source) !== null || absolutePath(r.target) !== null)
  );
}

/** Folders on the machine, each looked at there as soon as its path has rested. */
export function DataFolders(props: {
  machineId: string;
  value: readonly FolderRow[];
  onChange: (rows: FolderRow[]) => void;
  isContainer: boolean;
}) {
  const { value, onChange } = props;
  const change = (index: number, part: Partial<FolderRow>) =>
    onChange(value.map((r, i) => (i === index ? { ...r, ...part } : r)));
  return (
    <div className={styles.folders}>
      {value.map((row, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place; paths may be empty or equal while typing
        <div key={i} className={styles.folder}>
          <div>
            <TextField
              label={t("runs.form.dataSource")}
              value={row.source}
              onChange={(source) => change(i, { source })}
              error={row.source === "" ? null : absolutePath(row.source)}
              mono
              placeholder="/data/set"
            />
            <Found machineId={props.machineId} path={row.source} />
          </div>
          <TextField
            label={t("runs.form.dataTarget")}
            value={row.target}
            onChange={(target) => change(i, { target })}
            error={
              row.target === ""
                ? null
                : (absolutePath(row.target) ??
                  (value.findIndex((r) => r.target === row.target) === i
                    ? null
                    : t("runs.wrong.targetTwice")))
            }
            mono
          />
          <IconButton
            label={t("runs.form.dataRemove", { n: i + 1 })}
            icon={<X size={16} />}
            onPress={() => onChange(value.filter((_, at) => at !== i))}
          />
        </div>
      ))}
      <Button
        size="small"
        icon={<Plus size={14} />}
        onPress={() =>
          onChange([
            ...value,
            { source: "", target: value.length === 0 ? "/data" : `/data${value.length + 1}` },
          ])
        }
      >
        {t("runs.form.dataAdd")}
      </Button>
    </div>
  );
}

function Found({ machineId, path }: { machineId: string; path: string }) {
  const rested = useRested(path);
  const enabled = rested !== "" && absolutePath(rested) === null && machineId !== "";
  const query = useQueryCommand("data_inspect", { machine_id: machineId, path: rested }, { enabled });
  if (!enabled) return null;
  if (query.error) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Spinner label={t("runs.form.inspecting")} />;
  const found = query.data;
  if (found.problem) return <ErrorBanner error={found.problem} />;
  if (!found.exists) return <p className={styles.wrong}>{t("runs.form.dataMissing")}</p>;
  const words = { files: t("runs.form.files", { n: found.files }), size: formatBytes(found.bytes) };
  return (
    <p className={styles.found} role="status">
      {found.complete ? t("runs.form.projectFound", words) : t("runs.form.dataPartial", words)}
    </p>
  );
}
