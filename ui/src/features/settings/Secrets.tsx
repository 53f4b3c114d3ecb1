import { Trash2 } from "lucide-react";
import { useState } from "react";
import type { SecretRow, SecretStoreInfo, SecretStoreState } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  Banner,
  ConfirmDialog,
  IconButton,
  type Kind,
  Loading,
  Section,
  StatusPill,
  StatusWord,
  Told,
} from "../../shared/components";
import { errorLine, errorWords } from "../../shared/errors/words";
import { formatAgo } from "../../shared/format";
import { t } from "../../shared/i18n";
import styles from "./Settings.module.css";
import { VaultForm } from "./VaultForm";

const KINDS: Record<SecretStoreState, Kind> = {
  ready: "good",
  locked: "notice",
  new: "notice",
  failed: "bad",
};

function Place({ store }: { store: SecretStoreInfo }) {
  return (
    <>
      <p style={{ display: "flex", alignItems: "center", gap: 10, marginBottom: 12 }}>
        {t(`settings.store.${store.kind}`)}
        <StatusPill kind={KINDS[store.state]} label={t(`settings.store.${store.state}`)} />
      </p>
      {store.problem && store.state === "failed" ? (
        <Banner kind="bad" title={errorWords(store.problem.code).title}>
          <p>{errorLine(store.problem)}</p>
          <p>{errorWords(store.problem.code).act}</p>
        </Banner>
      ) : null}
    </>
  );
}

/** "Password of eva at registry.example:5000"; the program's own words where the owner is gone. */
function labelOf(row: SecretRow): string {
  if (row.subject === undefined) return row.label;
  if (row.kind === "registry_password" && row.account !== undefined) {
    return t("settings.secretOf.registry_account", { account: row.account, subject: row.subject });
  }
  return t(`settings.secretOf.${row.kind}`, { subject: row.subject });
}

function SecretItem({ row }: { row: SecretRow }) {
  const label = labelOf(row);
  const remove = useMutationCommand("secret_delete");
  const [deleting, setDeleting] = useState(false);
  return (
    <li className={styles.item}>
      <div className={styles.what}>
        {label}
        <small>
          {t(`settings.secret.${row.kind}`)} ·{" "}
          <Told at={row.created_at}>{t("settings.secret.stored", { time: formatAgo(row.created_at) })}</Told>
        </small>
      </div>
      {row.present ? null : <StatusWord kind="notice" label={t("settings.secret.missing")} />}
      <IconButton
        size="small"
        label={t("settings.secret.delete", { label })}
        icon={<Trash2 size={15} aria-hidden />}
        onPress={() => setDeleting(true)}
      />
      <ConfirmDialog
        title={t("settings.secret.deleteTitle")}
        isOpen={deleting}
        onOpenChange={setDeleting}
        confirmLabel={t("common.delete")}
        danger
        onConfirm={() => remove.mutateAsync({ id: row.id })}
      >
        {t("settings.secret.deleteWhat", { label })}
      </ConfirmDialog>
    </li>
  );
}

export function Secrets() {
  const info = useQueryCommand("app_info", null);
  const secrets = useQueryCommand("secrets_list", null);
  return (
    <Section title={t("settings.secrets")} lead={t("settings.secretsLead")}>
      {info.data ? <Place store={info.data.secret_store} /> : null}
      <VaultForm />
      <Loading query={secrets} rows={2}>
        {(rows) =>
          rows.length === 0 ? (
            <p className="quiet">{t("settings.secret.none")}</p>
          ) : (
            <ul className={styles.list}>
              {rows.map((row) => (
                <SecretItem key={row.id} row={row} />
              ))}
            </ul>
          )
        }
      </Loading>
    </Section>
  );
}
