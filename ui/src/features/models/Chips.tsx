import { Lock } from "lucide-react";
import type { KeyValue } from "../../bindings/api";
import { t } from "../../shared/i18n";
import styles from "./models.module.css";

export function AliasChip(props: {
  alias: string;
  version?: number;
  /** It moves only to approved versions. */
  locked?: boolean;
}) {
  const { alias, version, locked } = props;
  return (
    <span
      className={styles.alias}
      title={locked ? t("approvals.alias.protectedName", { alias: `@${alias}` }) : `@${alias}`}
    >
      {locked && (
        <>
          <Lock size={11} strokeWidth={2.4} className={styles.lock} aria-hidden />
          <span className="visually-hidden">{t("approvals.alias.protected")} </span>
        </>
      )}
      <span className={styles.aliasName}>
        <span aria-hidden>@</span>
        {alias}
      </span>
      {version !== undefined && <span className={styles.aliasVersion}> {version}</span>}
    </span>
  );
}

export function TagChips({ tags }: { tags: readonly KeyValue[] }) {
  return (
    <span className={styles.tags}>
      {tags.slice(0, 4).map((tag) => (
        <span key={tag.key} className={styles.tag} title={`${tag.key} = ${tag.value}`}>
          {tag.value === "" ? tag.key : `${tag.key}: ${tag.value}`}
        </span>
      ))}
      {tags.length > 4 && <span className="quiet">+{tags.length - 4}</span>}
    </span>
  );
}

/** "sha256:4f…" as far as eyes compare it. */
export function Digest({ digest }: { digest: string }) {
  return (
    <code className={styles.digest} title={digest}>
      {digest.replace(/^sha256:/, "").slice(0, 12)}
    </code>
  );
}
