import type { ApprovalRow } from "../../bindings/api";
import { type Kind, StatusPill, StatusWord } from "../../shared/components";
import { t } from "../../shared/i18n";

const KINDS: Record<ApprovalRow["state"], Kind> = {
  none: "idle",
  asked: "notice",
  approved: "good",
  refused: "bad",
  withdrawn: "idle",
};

/** How an approval is told: one look says whether the version may carry a protected alias. */
export function approvalWords(approval: ApprovalRow): { kind: Kind; label: string; at: number | null } {
  const at = (approval.settled ?? approval.asked)?.at ?? null;
  if (approval.files_changed) return { kind: "notice", label: t("approvals.state.changed"), at };
  return { kind: KINDS[approval.state], label: t(`approvals.state.${approval.state}`), at };
}

export const ApprovalPill = ({ approval }: { approval: ApprovalRow }) => (
  <StatusPill {...approvalWords(approval)} />
);

/** In a table's row; nothing where nobody has asked. */
export function ApprovalWord({ approval }: { approval: ApprovalRow }) {
  if (approval.state === "none") return <span className="quiet">–</span>;
  return <StatusWord {...approvalWords(approval)} />;
}

/** Whether a protected alias may go to the version. */
export const mayCarry = (approval: ApprovalRow) => approval.state === "approved" && !approval.files_changed;
