import { useState } from "react";
import type { MachineForgotten, MachineRow } from "../../bindings/api";
import { useMutationCommand } from "../../shared/backend";
import {
  Button,
  Checkbox,
  ConfirmDialog,
  Dialog,
  ErrorBanner,
  TextField,
  toast,
  useGo,
} from "../../shared/components";
import { t } from "../../shared/i18n";
import { displayNameProblem } from "../setup/validate";
import { forgottenWords } from "./forgotten";

interface Props {
  row: MachineRow;
  isOpen: boolean;
  onOpenChange: (open: boolean) => void;
}

export function RenameDialog({ row, isOpen, onOpenChange }: Props) {
  const [name, setName] = useState(row.name);
  const rename = useMutationCommand("machine_rename");
  const problem = displayNameProblem(name);
  const save = () =>
    rename.mutate({ id: row.id, name: name.trim() }, { onSuccess: () => onOpenChange(false) });
  return (
    <Dialog
      title={t("machines.renameTitle")}
      size="small"
      isOpen={isOpen}
      onOpenChange={onOpenChange}
      actions={
        <>
          <Button onPress={() => onOpenChange(false)}>{t("common.cancel")}</Button>
          <Button variant="primary" isDisabled={problem !== null} isPending={rename.isPending} onPress={save}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      {rename.error ? <ErrorBanner error={rename.error} /> : null}
      <TextField label={t("common.name")} value={name} onChange={setName} error={problem} autoFocus />
    </Dialog>
  );
}

/** What stays on the machine, in sentences. */
function leftWords(done: MachineForgotten): readonly string[] {
  return done.left_what?.map(forgottenWords) ?? done.left;
}

export function ForgetDialog({ row, isOpen, onOpenChange }: Props) {
  const [cleanUp, setCleanUp] = useState(false);
  const forget = useMutationCommand("machine_forget");
  const go = useGo();
  return (
    <ConfirmDialog
      title={t("machines.forgetTitle", { name: row.name })}
      isOpen={isOpen}
      onOpenChange={onOpenChange}
      confirmLabel={t("machines.forgetDo")}
      danger
      typeName={row.name}
      onConfirm={async () => {
        const done = await forget.mutateAsync({ id: row.id, clean_up: cleanUp });
        toast({
          title: t("machines.forgotten", { name: row.name }),
          ...(done.left.length > 0
            ? { kind: "notice" as const, detail: t("machines.left", { what: leftWords(done).join(" ") }) }
            : {}),
        });
        go("/machines");
      }}
    >
      <div style={{ display: "grid", gap: 10 }}>
        <p>{t("machines.forgetWhat")}</p>
        {row.active_runs > 0 ? <p>{t("machines.forgetActive", { n: row.active_runs })}</p> : null}
        <Checkbox isSelected={cleanUp} onChange={setCleanUp} description={t("machines.forgetCleanLead")}>
          {t("machines.forgetClean")}
        </Checkbox>
      </div>
    </ConfirmDialog>
  );
}
