import { useState } from "react";
import type { Report } from "../../bindings/api";
import { Banner, Button, ConfirmDialog, Dialog } from "../../shared/components";
import { t } from "../../shared/i18n";
import { Blocks } from "./Blocks";

/** Two people wrote at once: both are kept until the person decides. */
export function Conflict(props: { theirs: Report; onCopy: () => void; onReplace: () => Promise<unknown> }) {
  const { theirs } = props;
  const by = theirs.updated_by;
  const [looking, setLooking] = useState(false);
  const [replacing, setReplacing] = useState(false);
  return (
    <>
      <Banner
        kind="notice"
        title={t("reports.conflictTitle", { by })}
        actions={
          <>
            <Button size="small" variant="primary" onPress={props.onCopy}>
              {t("reports.keepBoth")}
            </Button>
            <Button size="small" onPress={() => setLooking(true)}>
              {t("reports.seeTheirs")}
            </Button>
            <Button size="small" onPress={() => setReplacing(true)}>
              {t("reports.replaceTheirs")}
            </Button>
          </>
        }
      >
        {t("reports.conflictLead")}
      </Banner>
      <Dialog title={theirs.content.title} isOpen={looking} onOpenChange={setLooking} size="large">
        {looking && <Blocks content={theirs.content} />}
      </Dialog>
      <ConfirmDialog
        title={t("reports.replaceTitle", { by })}
        isOpen={replacing}
        onOpenChange={setReplacing}
        confirmLabel={t("reports.replaceTheirs")}
        danger
        onConfirm={props.onReplace}
      >
        <p>{t("reports.replaceLead")}</p>
      </ConfirmDialog>
    </>
  );
}

/** Asks before what was written is lost. */
export function LeaveDialog(props: { isOpen: boolean; onStay: () => void; onLeave: () => void }) {
  return (
    <Dialog
      title={t("reports.leaveTitle")}
      isOpen={props.isOpen}
      onOpenChange={(open) => !open && props.onStay()}
      size="small"
      role="alertdialog"
      actions={
        <>
          <Button autoFocus onPress={props.onStay}>
            {t("reports.stay")}
          </Button>
          <Button variant="danger" onPress={props.onLeave}>
            {t("reports.leave")}
          </Button>
        </>
      }
    >
      <p>{t("reports.leaveLead")}</p>
    </Dialog>
  );
}
