import type { KeyValue } from "../../bindings/api";
import styles from "./models.module.css";

export function AliasChip({ alias, version }: { alias: string; version?: number }) {
  return (
    <span className={styles.alias} title={`@${alias}`}>
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
