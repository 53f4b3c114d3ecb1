import { Plus } from "lucide-react";
import { useState } from "react";
import type { RegistryRow } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  ActionsMenu,
  Button,
  Checkbox,
  ConfirmDialog,
  Dialog,
  ErrorBanner,
  Loading,
  Section,
  SecretField,
  StatusWord,
  TextField,
} from "../../shared/components";
import { errorLine, errorWords } from "../../shared/errors/words";
import { formatAgo } from "../../shared/format";
import { t } from "../../shared/i18n";
import { hostProblem } from "../setup/validate";
import styles from "./Settings.module.css";

/** `host`, `host:port` or `[v6]:port`. */
export function registryHostProblem(value: string): string | null {
  const wrong = t("settings.registry.hostBad");
  const parts = /^(\[[^\]]+\]|[^:/\s]+)(?::(\d{1,5}))?$/.exec(value);
  if (!parts?.[1]) return wrong;
  const host = parts[1].replace(/^\[|\]$/g, "");
  const port = parts[2] === undefined ? 443 : Number(parts[2]);
  return hostProblem(host) !== null || port < 1 || port > 65_535 ? wrong : null;
}

function RegistryDialog(props: { row: RegistryRow | null; onClose: () => void }) {
  const { row, onClose } = props;
  const save = useMutationCommand("registry_save");
  const test = useMutationCommand("registry_test");
  const [host, setHost] = useState(row?.host ?? "");
  const [username, setUsername] = useState(row?.username ?? "");
  const [password, setPassword] = useState("");
  const [insecure, setInsecure] = useState(row?.insecure ?? false);
  const [tried, setTried] = useState(false);
  const hostWrong = registryHostProblem(host.trim());
  const passwordWrong =
    username.trim() !== "" && password === "" && !row?.has_password
      ? t("settings.registry.passwordNeeded")
      : null;
  const submit = () => {
    setTried(true);
    if (hostWrong || passwordWrong || save.isPending || test.isPending) return;
    save.mutate(
      {
        id: row?.id ?? null,
        host: host.trim(),
        username: username.trim() || null,
        password: password || null,
        insecure,
      },
      {
        // The registry is saved now; whether it works stands beside it in the list.
        onSuccess: (saved) => test.mutate({ id: saved.id }, { onSettled: onClose }),
      },
    );
  };
  return (
    <Dialog
      title={row ? t("settings.registry.edit", { host: row.host }) : t("settings.registry.add")}
      isOpen
      onOpenChange={(open) => !open && onClose()}
      actions={
        <>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" isPending={save.isPending || test.isPending} onPress={submit}>
            {t("settings.registry.save")}
          </Button>
        </>
      }
    >
      {save.error ? <ErrorBanner error={save.error} /> : null}
      <TextField
        label={t("settings.registry.host")}
        description={t("settings.registry.hostHint")}
        value={host}
        onChange={setHost}
        error={tried || host !== "" ? hostWrong : null}
        placeholder="registry.example.org:5000"
        mono
        autoFocus
        name="registry-host"
      />
      <TextField
        label={t("settings.registry.user")}
        description={t("settings.registry.userHint")}
        value={username}
        onChange={setUsername}
        isRequired={false}
        name="registry-user"
      />
      <SecretField
        label={t("settings.registry.password")}
        description={row?.has_password ? t("settings.registry.keep") : undefined}
        value={password}
        onChange={setPassword}
        error={tried ? passwordWrong : null}
        name="registry-password"
      />
      <Checkbox
        isSelected={insecure}
        onChange={setInsecure}
        description={t("settings.registry.insecureHint")}
      >
        {t("settings.registry.insecure")}
      </Checkbox>
    </Dialog>
  );
}

function RegistryItem(props: { row: RegistryRow; onEdit: () => void }) {
  const { row } = props;
  const test = useMutationCommand("registry_test");
  const remove = useMutationCommand("registry_delete");
  const [deleting, setDeleting] = useState(false);
  const facts = [
    row.username ?? t("settings.registry.anonymous"),
    ...(row.insecure ? [t("settings.registry.plain")] : []),
  ];
  return (
    <li className={styles.item}>
      <div className={styles.what}>
        <span className="mono">{row.host}</span>
        <small>{facts.join(" · ")}</small>
      </div>
      {row.problem ? (
        <StatusWord kind="bad" label={t("settings.registry.fails")} />
      ) : row.tested_at ? (
        <StatusWord
          kind="good"
          label={t("settings.registry.works", { time: formatAgo(row.tested_at) })}
          at={row.tested_at}
        />
      ) : (
        <StatusWord kind="idle" label={t("settings.registry.untested")} />
      )}
      <Button size="small" isPending={test.isPending} onPress={() => test.mutate({ id: row.id })}>
        {t("settings.registry.test")}
      </Button>
      <ActionsMenu
        size="small"
        label={`${t("common.more")}: ${row.host}`}
        items={[
          { id: "edit", label: t("common.edit"), onAction: props.onEdit },
          { id: "delete", label: t("common.remove"), danger: true, onAction: () => setDeleting(true) },
        ]}
      />
      {row.problem ? (
        <p className={styles.problem}>
          {errorLine(row.problem)} {errorWords(row.problem.code).act}
        </p>
      ) : null}
      {test.error && !row.problem ? (
        <div className={styles.problem}>
          <ErrorBanner error={test.error} />
        </div>
      ) : null}
      <ConfirmDialog
        title={t("settings.registry.deleteTitle", { host: row.host })}
        isOpen={deleting}
        onOpenChange={setDeleting}
        confirmLabel={t("common.remove")}
        danger
        onConfirm={() => remove.mutateAsync({ id: row.id })}
      >
        {t("settings.registry.deleteWhat")}
      </ConfirmDialog>
    </li>
  );
}

export function Registries() {
  const registries = useQueryCommand("registries_list", null);
  const [editing, setEditing] = useState<RegistryRow | "new" | null>(null);
  return (
    <Section
      title={t("settings.registries")}
      lead={t("settings.registriesLead")}
      actions={
        <Button size="small" icon={<Plus size={15} aria-hidden />} onPress={() => setEditing("new")}>
          {t("settings.registry.add")}
        </Button>
      }
    >
      <Loading query={registries} rows={2}>
        {(rows) =>
          rows.length === 0 ? (
            <p className="quiet">{t("settings.registry.none")}</p>
          ) : (
            <ul className={styles.list}>
              {rows.map((row) => (
                <RegistryItem key={row.id} row={row} onEdit={() => setEditing(row)} />
              ))}
            </ul>
          )
        }
      </Loading>
      {editing ? (
        <RegistryDialog row={editing === "new" ? null : editing} onClose={() => setEditing(null)} />
      ) : null}
    </Section>
  );
}
