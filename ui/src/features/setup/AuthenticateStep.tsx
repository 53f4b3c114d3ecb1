import { FileKey, KeyRound, SquareTerminal } from "lucide-react";
import { useState } from "react";
import type { LoginKind, LoginMethod } from "../../bindings/api";
import {
  Banner,
  Button,
  Checkbox,
  ChoiceCards,
  ErrorBanner,
  FolderField,
  SecretField,
} from "../../shared/components";
import { formatAgo } from "../../shared/format";
import { t } from "../../shared/i18n";
import { VaultForm, vaultHelps } from "../settings/VaultForm";
import styles from "./Setup.module.css";
import { StepFrame } from "./StepFrame";
import { type StepProps, useStep } from "./step";

export function AuthenticateStep({ draft, onNext, onBack, onGo }: StepProps) {
  const login = useStep("setup_authenticate");
  const [method, setMethod] = useState<LoginKind>(draft.login?.method ?? "password");
  const [password, setPassword] = useState("");
  const [remember, setRemember] = useState(false);
  const [path, setPath] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const [tried, setTried] = useState(false);

  const wrong =
    method === "password" && password === ""
      ? t("setup.invalid.password")
      : method === "key_file" && !/^(\/|~\/)/.test(path.trim())
        ? t("setup.invalid.path")
        : null;
  const chosen = (): LoginMethod => {
    if (method === "password") return { kind: "password", password, remember };
    if (method === "key_file") return { kind: "key_file", path: path.trim(), passphrase: passphrase || null };
    return { kind: "ssh_agent" };
  };
  const done = draft.done.includes("authenticate");
  const busy = login.isPending || draft.busy;
  const submit = () => {
    setTried(true);
    if (wrong || busy) return;
    login.mutate(
      { id: draft.id, method: chosen() },
      {
        onSuccess: (answer) => {
          setPassword("");
          setPassphrase("");
          onGo(answer.step);
        },
      },
    );
  };
  const problem = login.error ?? (draft.step === "authenticate" ? draft.problem : null);

  return (
    <StepFrame
      heading={t("setup.auth.heading")}
      lead={t("setup.auth.lead")}
      onBack={onBack}
      footer={
        <>
          {done && password === "" && path === "" ? (
            <Button variant="primary" onPress={onNext}>
              {t("common.next")}
            </Button>
          ) : null}
          <Button
            variant={done && password === "" && path === "" ? "plain" : "primary"}
            isPending={busy}
            onPress={submit}
          >
            {t("setup.auth.go")}
          </Button>
        </>
      }
    >
      <form
        className={styles.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {problem && !busy ? <ErrorBanner error={problem} /> : null}
        {problem && vaultHelps(problem) ? <VaultForm /> : null}
        {done && draft.login && !problem ? (
          <Banner
            kind="good"
            title={t("setup.auth.worked", {
              time: formatAgo(draft.login.at),
              method: t(`setup.auth.${draft.login.method}`),
            })}
          />
        ) : null}
        <ChoiceCards
          label={t("setup.auth.how", { user: `${draft.address.user}@${draft.address.host}` })}
          value={method}
          onChange={setMethod}
          options={[
            {
              value: "password",
              title: t("setup.auth.password"),
              lead: t("setup.auth.passwordLead"),
              icon: KeyRound,
            },
            {
              value: "key_file",
              title: t("setup.auth.key_file"),
              lead: t("setup.auth.key_fileLead"),
              icon: FileKey,
            },
            {
              value: "ssh_agent",
              title: t("setup.auth.ssh_agent"),
              lead: t("setup.auth.ssh_agentLead"),
              icon: SquareTerminal,
            },
          ]}
        />
        {method === "password" ? (
          <>
            <SecretField
              label={t("setup.auth.password")}
              value={password}
              onChange={setPassword}
              strength
              error={tried ? wrong : null}
              name="password"
            />
            <Checkbox isSelected={remember} onChange={setRemember} description={t("setup.auth.rememberHint")}>
              {t("setup.auth.remember")}
            </Checkbox>
          </>
        ) : null}
        {method === "key_file" ? (
          <>
            <FolderField
              kind="file"
              label={t("setup.auth.path")}
              value={path}
              onChange={setPath}
              placeholder="~/.ssh/id_ed25519"
              error={tried ? wrong : null}
            />
            <SecretField
              label={t("setup.auth.passphrase")}
              description={t("setup.auth.passphraseHint")}
              value={passphrase}
              onChange={setPassphrase}
              isRequired={false}
              name="passphrase"
            />
          </>
        ) : null}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </StepFrame>
  );
}
