import { type ReactNode, useState } from "react";
import { Button, Dialog, ErrorBanner, TextField } from "../../shared/components";
import { t } from "../../shared/i18n";
import styles from "./models.module.css";

const LONGEST = 5_000;

/** Asks for a reason before something that stays in the history. */
export function ReasonDialog(props: {
  title: string;
  lead: string;
  act: string;
  danger?: boolean;
  /** Without it the reason may be left out. */
  required?: boolean;
  /** Something else is to be filled in first. */
  blocked?: boolean;
  onAct: (reason: string) => Promise<unknown>;
  onClose: () => void;
  /** Fields before the reason. */
  children?: ReactNode;
}) {
  const [reason, setReason] = useState("");
  const [pending, setPending] = useState(false);
  const [tried, setTried] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const text = reason.trim();
  const wrong =
    props.required && text === ""
      ? t("approvals.reasonEmpty")
      : [...text].length > LONGEST
        ? t("approvals.reasonLong")
        : null;
  const act = async () => {
    setTried(true);
    if (wrong !== null || props.blocked || pending) return;
    setPending(true);
    setError(null);
    try {
      await props.onAct(text);
      props.onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setPending(false);
    }
  };
  return (
    <Dialog
      title={props.title}
      isOpen
      size="small"
      onOpenChange={(open) => {
        if (!open) props.onClose();
      }}
      actions={
        <>
          <Button onPress={props.onClose}>{t("common.cancel")}</Button>
          <Button
            variant={props.danger ? "danger" : "primary"}
            isDisabled={props.blocked ?? false}
            isPending={pending}
            onPress={() => void act()}
          >
            {props.act}
          </Button>
        </>
      }
    >
      <form
        className={styles.form}
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          void act();
        }}
      >
        <p className="quiet">{props.lead}</p>
        {error ? <ErrorBanner error={error} /> : null}
        {props.children}
        <TextField
          label={t("approvals.reason")}
          value={reason}
          onChange={setReason}
          description={t("approvals.reasonLead")}
          error={tried ? wrong : null}
          isRequired={props.required ?? false}
          multiline
          rows={3}
          autoFocus={props.children === undefined}
        />
      </form>
    </Dialog>
  );
}
