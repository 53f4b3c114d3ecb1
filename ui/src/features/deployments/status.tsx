import type { DeploymentRow, LinkInfo } from "../../bindings/api";
import { type Kind, StatusPill, StatusWord } from "../../shared/components";
import { formatTime } from "../../shared/format";
import { t } from "../../shared/i18n";

const KINDS: Record<DeploymentRow["state"], Kind> = {
  pulling: "busy",
  starting: "busy",
  healthy: "good",
  unhealthy: "bad",
  stopped: "idle",
  failed: "bad",
};

export const stateWord = (state: DeploymentRow["state"]) => t(`deployments.state.${state}`);

/** Observed health; when the machine is out of reach, what was last known is a second fact. */
export function DeploymentStatus(props: { row: DeploymentRow; link?: LinkInfo | null; pill?: boolean }) {
  const { row } = props;
  const Shape = props.pill ? StatusPill : StatusWord;
  if (row.stale) {
    const state = stateWord(row.state).toLocaleLowerCase();
    const label = props.link
      ? t("deployments.unreachableSince", { time: formatTime(props.link.since) })
      : t("deployments.unreachable");
    const detail = t(props.pill ? "deployments.lastKnown" : "deployments.was", { state });
    return <Shape kind="notice" label={label} detail={detail} at={row.last_check_at} />;
  }
  return (
    <Shape kind={KINDS[row.state]} label={stateWord(row.state)} at={row.last_check_at ?? row.state_since} />
  );
}
