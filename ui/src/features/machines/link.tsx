import type { EngineInfo, LinkInfo, LinkState } from "../../bindings/api";
import { type Kind, StatusPill, StatusWord } from "../../shared/components";
import { formatTime } from "../../shared/format";
import { t } from "../../shared/i18n";

const KINDS: Record<LinkState, Kind> = {
  connected: "good",
  connecting: "busy",
  unreachable: "notice",
  blocked: "bad",
};

/** The observed state of the link: it says nothing about the runs. */
export function LinkStatus(props: { link: LinkInfo; pill?: boolean }) {
  const { link } = props;
  const shown = {
    kind: KINDS[link.state],
    label: t(`machines.link.${link.state}`),
    at: link.since,
    ...(link.state === "unreachable" || link.state === "blocked"
      ? { detail: t("common.since", { time: formatTime(link.since) }) }
      : {}),
  };
  return props.pill ? <StatusPill {...shown} /> : <StatusWord {...shown} />;
}

export function engineWords(engine: EngineInfo | null): string {
  if (!engine) return t("machines.engine.unknown");
  if (engine.kind === "process") return t("machines.engine.process");
  return t(`machines.engine.${engine.kind}`, { version: engine.version ?? "" }).trim();
}
