import type { Signature, SignatureField, VersionFile } from "../../bindings/api";
import { CopyButton, Section } from "../../shared/components";
import { formatBytes } from "../../shared/format";
import { t } from "../../shared/i18n";
import styles from "./models.module.css";

const GROUPS = ["inputs", "outputs", "params"] as const;

/** A field's type with whether it may be left out. */
export const kindWords = (field: SignatureField) =>
  field.optional ? `${field.kind} (${t("approvals.signature.optional")})` : field.kind;

/** What goes into a model and what comes out. */
export function SignatureSection({ signature }: { signature: Signature | null }) {
  return (
    <Section title={t("approvals.signature")}>
      {signature === null ? (
        <p className="quiet">{t("approvals.noSignature")}</p>
      ) : (
        <div className={styles.signature}>
          {GROUPS.filter((group) => signature[group].length > 0).map((group) => (
            <table key={group} className={styles.plain}>
              <caption>{t(`approvals.signature.${group}`)}</caption>
              <tbody>
                {signature[group].map((field, i) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a field without a name is its place
                  <tr key={i}>
                    <th scope="row">
                      <bdi>{field.name === "" ? String(i) : field.name}</bdi>
                    </th>
                    <td>{kindWords(field)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          ))}
        </div>
      )}
    </Section>
  );
}

/** The version's files with what proves them. */
export function FilesSection({ files }: { files: readonly VersionFile[] }) {
  return (
    <Section title={t("approvals.files")}>
      {files.length === 0 ? (
        <p className="quiet">{t("approvals.noFiles")}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: many files scroll, also by keyboard
        <div className={styles.files} tabIndex={0}>
          <table className={styles.plain}>
            <thead>
              <tr>
                <th scope="col">{t("approvals.file")}</th>
                <th scope="col" data-number>
                  {t("approvals.size")}
                </th>
                <th scope="col">{t("approvals.hash")}</th>
              </tr>
            </thead>
            <tbody>
              {files.map((file) => (
                <tr key={file.path}>
                  <th scope="row" title={file.path}>
                    <bdi>{file.path}</bdi>
                  </th>
                  <td data-number>{formatBytes(file.size)}</td>
                  <td>
                    <span className={styles.hash}>
                      <code className={styles.digest} title={file.sha256}>
                        {file.sha256.slice(0, 16)}
                      </code>
                      <CopyButton text={file.sha256} label={`${t("approvals.hash")}: ${file.path}`} />
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}
