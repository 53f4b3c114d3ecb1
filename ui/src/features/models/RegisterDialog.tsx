import { useState } from "react";
import type { RunDetail } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  Button,
  Dialog,
  ErrorBanner,
  KeyValueEditor,
  type Pair,
  Select,
  TextField,
  toast,
  useGo,
} from "../../shared/components";
import { t } from "../../shared/i18n";
import { tagKey, tagValue } from "../../shared/rules";
import { modelPath } from "./ModelsPage";
import styles from "./models.module.css";
import * as check from "./validate";

export function RegisterDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  const go = useGo();
  const register = useMutationCommand("model_register");
  const known = useQueryCommand("models_list", { text: "" });
  const before = run.versions[0]?.name;
  const [name, setName] = useState(before ?? run.row.experiment.replace(/[/:\\"']/g, "-"));
  const [path, setPath] = useState(run.model_paths[0] ?? "");
  const [description, setDescription] = useState("");
  const [alias, setAlias] = useState("");
  const [tags, setTags] = useState<Pair[]>([]);
  const existing = known.data?.find((m) => m.name === name.trim());
  const wrongName = check.modelName(name);
  const wrongAlias = alias === "" ? null : check.alias(alias);
  const taken = existing?.aliases.find((a) => a.alias === alias);
  const used = tags.filter((p) => p.key !== "" || p.value !== "");
  const tagsWrong =
    new Set(used.map((p) => p.key)).size !== used.length ||
    used.some((p) => tagKey(p.key) !== null || tagValue(p.value) !== null);
  const ready = wrongName === null && wrongAlias === null && !tagsWrong && path !== "";

  const submit = async () => {
    if (!ready) return;
    try {
      const made = await register.mutateAsync({
        run_id: run.row.id,
        artifact_path: path,
        name: name.trim(),
        description: description.trim() === "" ? null : description.trim(),
        tags: used,
        alias: alias === "" ? null : alias,
      });
      toast({ title: t("models.register.done", { name: made.name, n: made.version }) });
      onClose();
      go(modelPath(made.name, made.version));
    } catch {
      // The banner says it.
    }
  };

  return (
    <Dialog
      title={t("models.register.title")}
      isOpen
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      actions={
        <>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
          <Button
            variant="primary"
            isDisabled={!ready}
            isPending={register.isPending}
            onPress={() => void submit()}
          >
            {t("models.register.act")}
          </Button>
        </>
      }
    >
      <form
        className={styles.form}
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          void submit();
        }}
      >
        <p className="quiet">{t("models.register.lead", { run: run.row.name })}</p>
        {register.error && <ErrorBanner error={register.error} />}
        <TextField
          label={t("models.register.name")}
          value={name}
          onChange={setName}
          error={wrongName}
          description={
            known.data
              ? existing
                ? t("models.register.nameExisting", { n: (existing.latest_version ?? 0) + 1 })
                : t("models.register.nameNew")
              : undefined
          }
          autoFocus
        />
        {(known.data?.length ?? 0) > 0 && !existing && (
          <div className={styles.suggest}>
            {known.data?.slice(0, 4).map((m) => (
              <Button key={m.name} size="small" variant="quiet" onPress={() => setName(m.name)}>
                {m.name}
              </Button>
            ))}
          </div>
        )}
        {run.model_paths.length > 1 && (
          <Select
            label={t("models.register.path")}
            value={path}
            onChange={setPath}
            options={run.model_paths.map((p) => ({ value: p, label: p }))}
          />
        )}
        <TextField
          label={t("models.register.description")}
          value={description}
          onChange={setDescription}
          multiline
          rows={2}
          isRequired={false}
        />
        <TextField
          label={t("models.register.alias")}
          value={alias}
          onChange={setAlias}
          error={wrongAlias}
          description={taken ? t("models.alias.moves", { n: taken.version }) : t("models.register.aliasLead")}
          isRequired={false}
        />
        <KeyValueEditor
          label={t("models.col.tags")}
          value={tags}
          onChange={setTags}
          validateKey={tagKey}
          validateValue={tagValue}
        />
        {/* Enter in a field sends the form: the visible button stands outside it. */}
        <button type="submit" hidden aria-label={t("models.register.act")} />
      </form>
    </Dialog>
  );
}
