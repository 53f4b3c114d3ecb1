import { useId, useState } from "react";
import type { ApprovalRow, ApprovalStep } from "../../bindings/api";
import { useMutationCommand } from "../../shared/backend";
import { Banner, Button, Section, toast } from "../../shared/components";
import { formatTime } from "../../shared/format";
import { t } from "../../shared/i18n";
import { ApprovalPill } from "./approval";
import { Digest } from "./Chips";
import styles from "./models.module.css";
import { ReasonDialog } from "./ReasonDialog";

type Act = "ask" | "approve" | "refuse" | "withdraw" | "withdrawRequest";

/** Where the approval of a version stands, who said what, and what can be done about it. */
export function ApprovalSection(props: { name: string; version: number; approval: ApprovalRow }) {
  const { name, version, approval } = props;
  const [act, setAct] = useState<Act | null>(null);
  const why = useId();
  const ask = useMutationCommand("approval_ask");
  const decide = useMutationCommand("approval_decide");
  const withdraw = useMutationCommand("approval_withdraw");
  const { state } = approval;
  const asked = state === "asked";
  const settled = state === "approved" || state === "refused" || state === "withdrawn" ? state : null;
  const run = async (reason: string) => {
    const key = { name, version };
    if (act === "ask") await ask.mutateAsync({ ...key, reason: reason === "" ? null : reason });
    else if (act === "approve" || act === "refuse")
      await decide.mutateAsync({ ...key, approve: act === "approve", reason });
    else await withdraw.mutateAsync({ ...key, reason: reason === "" ? null : reason });
    if (act) toast({ title: t(`approvals.done.${act === "withdrawRequest" ? "withdraw" : act}`) });
  };
  return (
    <Section title={t("approvals.title")}>
      <div className={styles.approval}>
        <div className={styles.approvalHead}>
          <ApprovalPill approval={approval} />
          <div className={styles.approvalActs}>
            {asked && (
              <>
                <Button
                  size="small"
                  isDisabled={approval.own}
                  aria-describedby={why}
                  onPress={() => setAct("approve")}
                >
                  {t("approvals.approve")}
                </Button>
                <Button
                  size="small"
                  isDisabled={approval.own}
                  aria-describedby={why}
                  onPress={() => setAct("refuse")}
                >
                  {t("approvals.refuse")}
                </Button>
                {approval.own && (
                  <Button size="small" variant="quiet" onPress={() => setAct("withdrawRequest")}>
                    {t("approvals.withdrawRequest")}
                  </Button>
                )}
              </>
            )}
            {(state === "none" || state === "refused" || state === "withdrawn" || approval.files_changed) && (
              <Button size="small" onPress={() => setAct("ask")}>
                {state === "none" ? t("approvals.ask") : t("approvals.askAgain")}
              </Button>
            )}
            {state === "approved" && (
              <Button size="small" variant="quiet" onPress={() => setAct("withdraw")}>
                {t("approvals.withdraw")}
              </Button>
            )}
          </div>
        </div>
        {asked && approval.own && (
          <p id={why} className={styles.why}>
            {t("approvals.own")}
          </p>
        )}
        {approval.files_changed && <Banner kind="notice" title={t("approvals.changed")} />}
        {state === "none" ? (
          <p className="quiet">{t("approvals.leadNone")}</p>
        ) : (
          <ol className={styles.approvalSteps}>
            {approval.asked && <Step kind="asked" step={approval.asked} />}
            {settled && approval.settled && <Step kind={settled} step={approval.settled} />}
          </ol>
        )}
      </div>
      {act && (
        <ReasonDialog
          title={t(`approvals.${act}.title`, { name, n: version })}
          lead={t(`approvals.${act}.lead`)}
          act={t(`approvals.${act}`)}
          required={act !== "ask" && act !== "withdrawRequest"}
          danger={act === "withdraw"}
          onAct={run}
          onClose={() => setAct(null)}
        />
      )}
    </Section>
  );
}

function Step({ kind, step }: { kind: "asked" | "approved" | "refused" | "withdrawn"; step: ApprovalStep }) {
  return (
    <li>
      <span>
        {t(`approvals.step.${kind}`, { who: step.who, time: formatTime(step.at) })}
        {step.files && (
          <span className="quiet">
            {" · "}
            {t("approvals.evidence")} <Digest digest={step.files} />
          </span>
        )}
      </span>
      {step.reason && (
        <blockquote className={styles.reason}>
          <bdi>{step.reason}</bdi>
        </blockquote>
      )}
    </li>
  );
}
