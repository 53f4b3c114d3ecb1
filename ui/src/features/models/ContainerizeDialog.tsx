import { useState } from "react";
import type { Operation, VersionDetail } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  Button,
  Checkbox,
  Dialog,
  ErrorBanner,
  Loading,
  SecretField,
  Select,
  TextField,
} from "../../shared/components";
import { formatBytes } from "../../shared/format";
import { t } from "../../shared/i18n";
import { OperationProgress } from "./OperationProgress";
import styles from "./models.module.css";
import * as check from "./validate";

const NEW = "\u0000new";
const OWN = "\u0000own";

export function ContainerizeDialog(props: {
  detail: VersionDetail;
  operation: Operation | null;
  onClose: () => void;
}) {
  const { row } = props.detail;
  const [operation, setOperation] = useState<string | null>(props.operation?.id ?? null);
  return (
    <Dialog
      title={t("models.pack.title", { name: row.name, n: row.version })}
      isOpen
      onOpenChange={(open) => {
        if (!open) props.onClose();
      }}
      size="medium"
    >
      {operation === null ? (
        <PackForm detail={props.detail} onStarted={setOperation} onClose={props.onClose} />
      ) : (
        <OperationProgress
          id={operation}
          name={row.name}
          version={row.version}
          onClose={props.onClose}
          onAgain={() => setOperation(null)}
        />
      )}
    </Dialog>
  );
}

function PackForm(props: {
  detail: VersionDetail;
  onStarted: (operation: string) => void;
  onClose: () => void;
}) {
  const { row } = props.detail;
  const registries = useQueryCommand("registries_list", null);
  const options = useQueryCommand(
    "run_form_options",
    { id: row.machine_id ?? "" },
    { enabled: row.machine_id !== null },
  );
  const save = useMutationCommand("registry_save");
  const containerize = useMutationCommand("containerize");
  const last =
    registries.data?.find((r) => r.id === props.detail.images[0]?.registry_id) ?? registries.data?.[0];
  const [chosen, setChosen] = useState<string | null>(null);
  const registry = chosen ?? last?.id ?? NEW;
  const [host, setHost] = useState("");
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [insecure, setInsecure] = useState(false);
  const [repository, setRepository] = useState(check.repositoryFor(row.name));
  const [tag, setTag] = useState(String(row.version));
  const [base, setBase] = useState(OWN);
  const wrong = {
    host: registry === NEW ? check.registryHost(host) : null,
    repository: check.repository(repository),
    tag: check.imageTag(tag),
  };
  const ready = Object.values(wrong).every((w) => w === null);

  const submit = async () => {
    if (!ready) return;
    try {
      let id = registry;
      if (registry === NEW) {
        const saved = await save.mutateAsync({
          id: null,
          host,
          username: user === "" ? null : user,
          password: password === "" ? null : password,
          insecure,
        });
        setPassword("");
        setChosen(saved.id);
        id = saved.id;
      }
      const operation = await containerize.mutateAsync({
        name: row.name,
        version: row.version,
        registry_id: id,
        repository,
        tag,
        base_image: base === OWN ? null : base,
      });
      props.onStarted(operation.id);
    } catch {
      // The banner says it.
    }
  };

  return (
    <Loading query={registries} rows={4}>
      {(list) => (
        <form
          className={styles.form}
          noValidate
          onSubmit={(e) => {
            e.preventDefault();
            void submit();
          }}
        >
          <p className="quiet">{t("models.pack.lead", { machine: row.machine ?? "" })}</p>
          {(save.error ?? containerize.error) && <ErrorBanner error={save.error ?? containerize.error} />}
          {list.length > 0 && (
            <Select
              label={t("models.pack.registry")}
              value={registry}
              onChange={setChosen}
              options={[
                ...list.map((r) => ({
                  value: r.id,
                  label: r.host,
                  ...(r.username ? { detail: r.username } : {}),
                })),
                { value: NEW, label: t("models.pack.newRegistry") },
              ]}
            />
          )}
          {registry === NEW && (
            <fieldset className={styles.inset}>
              <TextField
                label={t("models.pack.host")}
                value={host}
                onChange={setHost}
                error={host === "" ? null : wrong.host}
                mono
                placeholder="registry.example:5000"
                autoFocus
              />
              <div className={styles.two}>
                <TextField label={t("models.pack.user")} value={user} onChange={setUser} isRequired={false} />
                <SecretField
                  label={t("models.pack.password")}
                  description={t("models.pack.passwordLead")}
                  value={password}
                  onChange={setPassword}
                  isRequired={false}
                />
              </div>
              <Checkbox
                isSelected={insecure}
                onChange={setInsecure}
                description={t("models.pack.insecureLead")}
              >
                {t("models.pack.insecure")}
              </Checkbox>
            </fieldset>
          )}
          <div className={styles.repository}>
            <TextField
              label={t("models.pack.repository")}
              value={repository}
              onChange={setRepository}
              error={wrong.repository}
              mono
            />
            <TextField label={t("models.pack.tag")} value={tag} onChange={setTag} error={wrong.tag} mono />
          </div>
          <Select
            label={t("models.pack.base")}
            value={base}
            onChange={setBase}
            options={[
              { value: OWN, label: t("models.pack.baseRunUnknown") },
              ...(options.data?.images ?? []).map((i) => ({
                value: i.reference,
                label: i.reference,
                detail: formatBytes(i.size),
              })),
            ]}
          />
          <div className={styles.buttons}>
            <Button onPress={props.onClose}>{t("common.cancel")}</Button>
            <Button
              type="submit"
              variant="primary"
              isDisabled={!ready}
              isPending={save.isPending || containerize.isPending}
            >
              {t("models.pack.act")}
            </Button>
          </div>
        </form>
      )}
    </Loading>
  );
}
