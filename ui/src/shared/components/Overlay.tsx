import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { t } from "../i18n";
import { Button, IconButton } from "./Button";
import { classes } from "./classes";
import { ErrorBanner } from "./Feedback";
import { TextField } from "./Fields";
import styles from "./Overlay.module.css";

interface DialogProps {
  title: string;
  isOpen: boolean;
  onOpenChange: (open: boolean) => void;
  size?: "small" | "medium" | "large";
  actions?: ReactNode;
  role?: "dialog" | "alertdialog";
  children: ReactNode;
}

/** A question that has to be answered before anything else. Esc and the cross leave it. */
export function Dialog(props: DialogProps) {
  return (
    <ModalOverlay className={styles.scrim ?? ""} isOpen={props.isOpen} onOpenChange={props.onOpenChange}>
      <Modal className={classes(styles.modal, styles[props.size ?? "medium"])}>
        <AriaDialog className={styles.dialog ?? ""} role={props.role ?? "dialog"}>
          <div className={styles.head}>
            <Heading slot="title" level={2}>
              {props.title}
            </Heading>
            <IconButton
              slot={null}
              label={t("common.close")}
              icon={<X size={16} aria-hidden />}
              onPress={() => props.onOpenChange(false)}
            />
          </div>
          <div className={styles.body}>{props.children}</div>
          {props.actions ? <div className={styles.foot}>{props.actions}</div> : null}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Asks before something that cannot be undone. It says what is destroyed; with `typeName` the name is typed. */
export function ConfirmDialog(props: {
  title: string;
  isOpen: boolean;
  onOpenChange: (open: boolean) => void;
  confirmLabel: string;
  danger?: boolean;
  typeName?: string;
  onConfirm: () => Promise<unknown>;
  children: ReactNode;
}) {
  return (
    <Dialog
      title={props.title}
      isOpen={props.isOpen}
      onOpenChange={props.onOpenChange}
      size="small"
      role="alertdialog"
    >
      <ConfirmBody {...props} />
    </Dialog>
  );
}

function ConfirmBody(props: Parameters<typeof ConfirmDialog>[0]) {
  const [typed, setTyped] = useState("");
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const ready = props.typeName === undefined || typed === props.typeName;
  const confirm = async () => {
    if (!ready || pending) return;
    setPending(true);
    setError(null);
    try {
      await props.onConfirm();
      props.onOpenChange(false);
    } catch (failure) {
      setError(failure);
    } finally {
      setPending(false);
    }
  };
  return (
    <>
      <div>{props.children}</div>
      {props.typeName !== undefined ? (
        <TextField
          label={t("common.typeToConfirm", { name: props.typeName })}
          value={typed}
          onChange={setTyped}
          autoFocus
          mono
        />
      ) : null}
      {error ? <ErrorBanner error={error} /> : null}
      <div className={classes(styles.foot, styles.footWithin)}>
        <Button onPress={() => props.onOpenChange(false)} autoFocus={props.typeName === undefined}>
          {t("common.cancel")}
        </Button>
        <Button
          variant={props.danger ? "danger" : "primary"}
          isDisabled={!ready}
          isPending={pending}
          onPress={confirm}
        >
          {props.confirmLabel}
        </Button>
      </div>
    </>
  );
}

/** The selected row in full, beside its list. Not modal: the list stays usable. F6 goes in, Esc closes. */
export function Drawer(props: {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const ref = useRef<HTMLElement>(null);
  const id = useId();
  const { isOpen, onClose } = props;
  /** Where the focus was outside the drawer: there it returns. */
  const outside = useRef<HTMLElement | null>(null);
  useEffect(() => {
    if (!isOpen) return;
    const remember = () => {
      const active = document.activeElement;
      if (active instanceof HTMLElement && active !== document.body && !ref.current?.contains(active)) {
        outside.current = active;
      }
    };
    remember();
    document.addEventListener("focusin", remember);
    return () => document.removeEventListener("focusin", remember);
  }, [isOpen]);
  useEffect(() => {
    if (!isOpen) return;
    const onKey = (event: KeyboardEvent) => {
      if (
        event.defaultPrevented ||
        document.querySelector("[role=dialog],[role=alertdialog],[role=menu],[role=listbox][data-open]")
      )
        return;
      if (event.key === "Escape") {
        const inside = ref.current?.contains(document.activeElement);
        onClose();
        // Focus is never lost: it goes back to where the drawer was opened from.
        if (inside) outside.current?.focus();
      } else if (event.key === "F6") {
        event.preventDefault();
        if (ref.current?.contains(document.activeElement)) outside.current?.focus();
        else ref.current?.focus();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [isOpen, onClose]);
  if (!isOpen) return null;
  return (
    <aside className={styles.drawer} ref={ref} tabIndex={-1} aria-labelledby={id}>
      <div className={styles.drawerHead}>
        <h2 id={id} title={props.title}>
          {props.title}
        </h2>
        {props.actions}
        <IconButton label={t("common.close")} icon={<X size={16} aria-hidden />} onPress={props.onClose} />
      </div>
      <div className={styles.drawerBody}>{props.children}</div>
    </aside>
  );
}
