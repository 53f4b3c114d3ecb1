import { useState } from "react";
import type { UiError } from "../../shared/backend";
import { type CommandError, useMutationCommand, useQueryCommand } from "../../shared/backend";
import { Button, ErrorBanner, SecretField, toast } from "../../shared/components";
import { t } from "../../shared/i18n";
import styles from "./Settings.module.css";

const SHORTEST = 8;

/** Whether a failure goes away once the vault is made or open. */
export function vaultHelps(problem: CommandError | UiError): boolean {
  const { code } = "body" in problem ? problem.body : problem;
  return code === "vault_absent" || code === "vault_locked";
}

/** Makes the vault where there is none, opens it where it is locked, and is not there otherwise. */
export function VaultForm() {
  const info = useQueryCommand("app_info", null);
  const unlock = useMutationCommand("vault_unlock");
  const [passphrase, setPassphrase] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const store = info.data?.secret_store;
  if (store?.kind !== "vault" || (store.state !== "locked" && store.state !== "new")) return null;
  const isNew = store.state === "new";
  const short = isNew && Array.from(passphrase).length < SHORTEST ? t("settings.vault.short") : null;
  const differs = isNew && again !== passphrase ? t("settings.vault.differs") : null;
  const submit = () => {
    setTried(true);
    if (short || differs || passphrase === "" || unlock.isPending) return;
    unlock.mutate(
      { passphrase },
      {
        onSuccess: () => {
          setPassphrase("");
          setAgain("");
          toast({ title: t("settings.vault.opened") });
        },
      },
    );
  };
  return (
    <form
      className={styles.vault}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <h3>{isNew ? t("settings.vault.new") : t("settings.vault.unlock")}</h3>
      <p className="quiet">{isNew ? t("settings.vault.newLead") : t("settings.vault.unlockLead")}</p>
      {unlock.error ? <ErrorBanner error={unlock.error} /> : null}
      <SecretField
        label={t("settings.vault.passphrase")}
        value={passphrase}
        onChange={setPassphrase}
        strength={isNew}
        error={tried ? short : null}
        name="vault-passphrase"
      />
      {isNew ? (
        <SecretField
          label={t("settings.vault.repeat")}
          value={again}
          onChange={setAgain}
          error={tried ? differs : null}
          name="vault-passphrase-again"
        />
      ) : null}
      <div>
        <Button variant="primary" type="submit" isPending={unlock.isPending}>
          {isNew ? t("settings.vault.make") : t("settings.vault.open")}
        </Button>
      </div>
    </form>
  );
}
