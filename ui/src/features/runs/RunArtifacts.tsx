import {
  ChevronRight,
  Download,
  File,
  FileCode,
  FileImage,
  FileJson,
  FileSpreadsheet,
  Folder,
  FolderOpen,
} from "lucide-react";
import { useState } from "react";
import type { ArtifactRow } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  Bytes,
  Button,
  CopyButton,
  Dialog,
  EmptyState,
  ErrorBanner,
  FolderField,
  IconButton,
  Loading,
} from "../../shared/components";
import { t } from "../../shared/i18n";
import { ArtifactPreviewPane } from "./ArtifactPreview";
import { FileSaves } from "./FileSaves";
import styles from "./runs.module.css";
import { absolutePath } from "./validate";

const nameOf = (path: string) => path.split("/").pop() ?? path;

function iconOf(row: ArtifactRow) {
  if (row.is_dir) return Folder;
  if (/\.(png|jpe?g|gif|webp|svg)$/i.test(row.path)) return FileImage;
  if (/\.(csv|tsv|parquet)$/i.test(row.path)) return FileSpreadsheet;
  if (/\.(json|ya?ml|toml)$/i.test(row.path)) return FileJson;
  if (/\.html?$/i.test(row.path)) return FileCode;
  return File;
}

export function RunArtifacts({ runId }: { runId: string }) {
  const [folder, setFolder] = useState("");
  const [chosen, setFile] = useState<ArtifactRow | null>(null);
  const [saving, setSaving] = useState<string | null>(null);
  const list = useQueryCommand("run_artifacts", { run_id: runId, path: folder });
  // As it is now: a run that goes on may log it again.
  const file = list.data?.find((row) => row.path === chosen?.path) ?? chosen;
  const parts = folder === "" ? [] : folder.split("/");
  const open = (row: ArtifactRow) => {
    if (row.is_dir) {
      setFolder(row.path);
      setFile(null);
    } else setFile(row);
  };
  return (
    <div className={styles.files}>
      <div className={styles.fileList}>
        <nav className={styles.crumbs} aria-label={t("runs.files.path")}>
          <button type="button" onClick={() => setFolder("")} disabled={folder === ""}>
            <FolderOpen size={14} aria-hidden /> {t("runs.files.root")}
          </button>
          {parts.map((part, i) => (
            <span key={parts.slice(0, i + 1).join("/")}>
              <ChevronRight size={12} aria-hidden />
              <button
                type="button"
                onClick={() => setFolder(parts.slice(0, i + 1).join("/"))}
                disabled={i === parts.length - 1}
              >
                {part}
              </button>
            </span>
          ))}
        </nav>
        <Loading query={list} rows={5}>
          {(rows) =>
            rows.length === 0 ? (
              <EmptyState icon={Folder} title={t("runs.files.empty")} lead={t("runs.files.emptyLead")} />
            ) : (
              <ul className={styles.tree}>
                {[...rows]
                  .sort((a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path))
                  .map((row) => {
                    const Icon = iconOf(row);
                    return (
                      <li key={row.path} data-open={row.path === file?.path || undefined}>
                        <button
                          type="button"
                          onClick={() => open(row)}
                          aria-current={row.path === file?.path || undefined}
                        >
                          <Icon size={16} aria-hidden />
                          <span className={styles.fileName}>{nameOf(row.path)}</span>
                          <span className={styles.fileSize}>
                            {row.is_dir ? t("runs.files.folder") : <Bytes n={row.size ?? 0} />}
                          </span>
                        </button>
                        <IconButton
                          size="small"
                          label={t("runs.files.saveTitle", { name: nameOf(row.path) })}
                          icon={<Download size={14} />}
                          onPress={() => setSaving(row.path)}
                        />
                      </li>
                    );
                  })}
              </ul>
            )
          }
        </Loading>
      </div>
      <div className={styles.preview}>
        <FileSaves runId={runId} />
        {file === null ? (
          <p className={styles.pick}>{t("runs.files.pick")}</p>
        ) : (
          <>
            <div className={styles.previewHead}>
              <div className={styles.previewFile}>
                <span className={styles.mono} title={file.path}>
                  {file.path}
                </span>
                <CopyButton text={file.path} />
              </div>
              {file.sha256 && (
                <div className={styles.previewFile}>
                  <span className="quiet">SHA-256</span>
                  <code title={file.sha256}>{file.sha256.slice(0, 12)}</code>
                  <CopyButton text={file.sha256} />
                </div>
              )}
              <span className={styles.spring} />
              <Button size="small" icon={<Download size={14} />} onPress={() => setSaving(file.path)}>
                {t("runs.files.save")}
              </Button>
            </div>
            <ArtifactPreviewPane key={file.path} runId={runId} path={file.path} />
          </>
        )}
      </div>
      {saving !== null && <SaveDialog runId={runId} path={saving} onClose={() => setSaving(null)} />}
    </div>
  );
}

function SaveDialog({ runId, path, onClose }: { runId: string; path: string; onClose: () => void }) {
  const save = useMutationCommand("run_artifact_save");
  const [folder, setFolder] = useState("");
  const wrong = folder === "" ? null : absolutePath(folder);
  const start = async () => {
    try {
      await save.mutateAsync({ run_id: runId, path, to_folder: folder });
      onClose();
    } catch {
      // The banner says it.
    }
  };
  return (
    <Dialog
      title={t("runs.files.saveTitle", { name: nameOf(path) })}
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
      size="small"
      actions={
        <>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
          <Button
            variant="primary"
            isDisabled={folder === "" || wrong !== null}
            isPending={save.isPending}
            onPress={() => void start()}
          >
            {t("common.save")}
          </Button>
        </>
      }
    >
      {save.error && <ErrorBanner error={save.error} />}
      <FolderField
        label={t("runs.files.saveTo")}
        value={folder}
        onChange={setFolder}
        error={wrong}
        autoFocus
      />
    </Dialog>
  );
}
