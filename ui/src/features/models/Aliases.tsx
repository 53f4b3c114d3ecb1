import { Check, Plus, X } from "lucide-react";
import { useState } from "react";
import type { ApprovalRow } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import { Button, ErrorBanner, IconButton } from "../../shared/components";
import { t } from "../../shared/i18n";
import { mayCarry } from "./approval";
import { AliasChip } from "./Chips";
import styles from "./models.module.css";
import * as check from "./validate";

/** Aliases of a version, changed in their place. */
export function Aliases(props: {
  name: string;
  version: number;
  aliases: readonly string[];
  approval: ApprovalRow;
}) {
  const { name, version } = props;
  const model = useQueryCommand("model_get", { name });
  const set = useMutationCommand("alias_set");
  const remove = useMutationCommand("alias_delete");
  const [draft, setDraft] = useState<string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const wrong = draft === null || draft === "" ? null : check.alias(draft);
  const locked = (alias: string) => model.data?.protected.includes(alias) ?? false;
  const forbidden = draft !== null && locked(draft) && !mayCarry(props.approval);
  const taken = model.data?.row.aliases.find((a) => a.alias === draft && a.version !== version);
  const attempt = async (work: () => Promise<unknown>) => {
    setFailure(null);
    try {
      await work();
      setDraft(null);
    } catch (e) {
      setFailure(e);
    }
  };
  const save = () => {
    if (draft && wrong === null && !forbidden)
      void attempt(() => set.mutateAsync({ name, alias: draft, version }));
  };
  return (
    <div className={styles.aliasEditor}>
      {props.aliases.map((alias) => (
        <span key={alias} className={styles.aliasItem}>
          <AliasChip alias={alias} locked={locked(alias)} />
          {/* What is protected is not taken away in passing. */}
          {!locked(alias) && (
            <IconButton
              size="small"
              label={t("models.alias.remove", { alias })}
              icon={<X size={12} />}
              onPress={() => void attempt(() => remove.mutateAsync({ name, alias }))}
            />
          )}
        </span>
      ))}
      {draft === null ? (
        <Button size="small" variant="quiet" icon={<Plus size={14} />} onPress={() => setDraft("")}>
          {t("models.alias.add")}
        </Button>
      ) : (
        <span className={styles.aliasForm}>
          <input
            aria-label={t("models.alias.name")}
            aria-invalid={wrong !== null || forbidden}
            placeholder="champion"
            value={draft}
            // biome-ignore lint/a11y/noAutofocus: a person just asked for this field
            autoFocus
            onChange={(e) => setDraft(e.target.value)}
            onKeyDown={(e) => {
              if (e.key === "Enter") save();
              if (e.key === "Escape") {
                e.stopPropagation();
                setDraft(null);
              }
            }}
          />
          <IconButton
            size="small"
            label={t("common.save")}
            icon={<Check size={14} />}
            isDisabled={!draft || wrong !== null || forbidden}
            onPress={save}
          />
          <IconButton
            size="small"
            label={t("common.cancel")}
            icon={<X size={14} />}
            onPress={() => setDraft(null)}
          />
        </span>
      )}
      {(wrong || forbidden || taken) && (
        <span role="status" className={wrong || forbidden ? styles.wrong : "quiet"}>
          {wrong ??
            (forbidden
              ? t("approvals.alias.needsApproval")
              : taken
                ? t("models.alias.moves", { n: taken.version })
                : "")}
        </span>
      )}
      {failure ? <ErrorBanner error={failure} /> : null}
    </div>
  );
}
