import { useState } from "react";
import type { SetupDraft, SshAddress } from "../../bindings/api";
import { useMutationCommand } from "../../shared/backend";
import { Button, Checkbox, ErrorBanner, NumberField, TextField } from "../../shared/components";
import { t } from "../../shared/i18n";
import styles from "./Setup.module.css";
import { displayNameProblem, hostProblem, portProblem, tidyHost, userProblem } from "./validate";
import { StepFrame } from "./StepFrame";

interface Form {
  host: string;
  port: number | null;
  user: string;
  name: string;
  viaJump: boolean;
  jumpHost: string;
  jumpPort: number | null;
  jumpUser: string;
}

function formOf(draft: SetupDraft | null): Form {
  const address = draft?.address;
  return {
    host: address?.host ?? "",
    port: address?.port ?? 22,
    user: address?.user ?? "",
    name: draft?.name ?? "",
    viaJump: Boolean(address?.jump),
    jumpHost: address?.jump?.host ?? "",
    jumpPort: address?.jump?.port ?? 22,
    jumpUser: address?.jump?.user ?? "",
  };
}

function problems(form: Form): Partial<Record<keyof Form, string | null>> {
  return {
    host: hostProblem(tidyHost(form.host)),
    port: portProblem(form.port),
    user: userProblem(form.user.trim()),
    name: form.name.trim() === "" ? null : displayNameProblem(form.name),
    ...(form.viaJump
      ? {
          jumpHost: hostProblem(tidyHost(form.jumpHost)),
          jumpPort: portProblem(form.jumpPort),
          jumpUser: userProblem(form.jumpUser.trim()),
        }
      : {}),
  };
}

function addressOf(form: Form): SshAddress {
  return {
    host: tidyHost(form.host),
    port: form.port ?? 22,
    user: form.user.trim(),
    jump: form.viaJump
      ? { host: tidyHost(form.jumpHost), port: form.jumpPort ?? 22, user: form.jumpUser.trim() }
      : null,
  };
}

/** The first decision: where the machine is. Begins a draft, or changes the address of one. */
export function AddressStep(props: { draft: SetupDraft | null; onSaved: (draft: SetupDraft) => void }) {
  const { draft } = props;
  const [form, setForm] = useState(() => formOf(draft));
  // What is wrong shows once a field was touched or the way on was tried; never on an empty form.
  const [touched, setTouched] = useState<ReadonlySet<keyof Form>>(new Set());
  const save = useMutationCommand("setup_address");
  const wrong = problems(form);
  const shown = (key: keyof Form) => (touched.has(key) ? (wrong[key] ?? null) : null);
  const set = <K extends keyof Form>(key: K, value: Form[K]) => {
    setForm((now) => ({ ...now, [key]: value }));
    setTouched((now) => new Set(now).add(key));
  };
  const changed =
    draft !== null &&
    draft.done.length > 1 &&
    JSON.stringify(addressOf(form)) !== JSON.stringify(draft.address);
  const submit = () => {
    setTouched(new Set(Object.keys(form) as (keyof Form)[]));
    if (Object.values(wrong).some(Boolean) || save.isPending) return;
    save.mutate(
      { id: draft?.id ?? null, name: form.name.trim() || null, address: addressOf(form) },
      { onSuccess: props.onSaved },
    );
  };
  return (
    <StepFrame
      heading={t("setup.address.heading")}
      lead={t("setup.address.lead")}
      hint={changed ? t("setup.address.changed") : null}
      footer={
        <Button variant="primary" isPending={save.isPending} onPress={submit}>
          {t("setup.address.go")}
        </Button>
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
        {save.error ? <ErrorBanner error={save.error} /> : null}
        <div className={styles.hostLine}>
          <TextField
            label={t("setup.address.host")}
            value={form.host}
            onChange={(value) => set("host", value)}
            error={shown("host")}
            placeholder="10.0.0.4"
            mono
            autoFocus={draft === null}
            name="host"
          />
          <NumberField
            label={t("setup.address.port")}
            value={form.port}
            onChange={(value) => set("port", value)}
            error={shown("port")}
          />
        </div>
        <TextField
          label={t("setup.address.user")}
          description={t("setup.address.userHint")}
          value={form.user}
          onChange={(value) => set("user", value)}
          error={shown("user")}
          mono
          name="user"
        />
        <TextField
          label={t("setup.address.name")}
          description={t("setup.address.nameHint")}
          value={form.name}
          onChange={(value) => set("name", value)}
          error={shown("name")}
          isRequired={false}
          name="name"
        />
        <Checkbox
          isSelected={form.viaJump}
          onChange={(selected) => set("viaJump", selected)}
          description={t("setup.address.jumpHint")}
        >
          {t("setup.address.jump")}
        </Checkbox>
        {form.viaJump ? (
          <div className={styles.indent}>
            <div className={styles.hostLine}>
              <TextField
                label={t("setup.address.jumpHost")}
                value={form.jumpHost}
                onChange={(value) => set("jumpHost", value)}
                error={shown("jumpHost")}
                mono
                name="jump-host"
              />
              <NumberField
                label={t("setup.address.port")}
                value={form.jumpPort}
                onChange={(value) => set("jumpPort", value)}
                error={shown("jumpPort")}
              />
            </div>
            <TextField
              label={t("setup.address.jumpUser")}
              value={form.jumpUser}
              onChange={(value) => set("jumpUser", value)}
              error={shown("jumpUser")}
              mono
              name="jump-user"
            />
          </div>
        ) : null}
        {/* Enter in a field goes on. */}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </StepFrame>
  );
}
