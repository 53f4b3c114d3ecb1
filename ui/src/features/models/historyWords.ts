import type { RegistryBreak, RegistryHistoryRow } from "../../bindings/api";
import { shortId } from "../../shared/format";
import { t } from "../../shared/i18n";

/** What happened, in one sentence. */
export function eventWords(row: RegistryHistoryRow): string {
  const { event } = row;
  const facts = {
    n: row.version ?? 0,
    subject: row.subject ?? "",
    before: row.before ?? "",
    after: row.after ?? "",
  };
  if (event === "alias_set" && row.before !== null) return t("history.event.alias_moved", facts);
  if (event === "model_tag" && row.after === null) return t("history.event.model_tag_gone", facts);
  if (event === "version_tag" && row.after === null) return t("history.event.version_tag_gone", facts);
  return t(`history.event.${event}`, facts);
}

/** Who did it, as far as it is known. */
export function whoWords(row: RegistryHistoryRow): string {
  if (row.via === "person") return row.who;
  const who =
    row.via === "script" && row.who !== ""
      ? t("history.run", { id: shortId(row.who) })
      : t(`history.via.${row.via}`);
  return row.machine === null ? who : t("history.on", { who, machine: row.machine });
}

/** What is wrong with the history. */
export function breakWords(problem: RegistryBreak): string {
  switch (problem.kind) {
    case "alias":
      return t("history.broken.alias", { name: problem.name, alias: problem.alias });
    case "not_noted":
      return t("history.broken.not_noted");
    default:
      return t(`history.broken.${problem.kind}`, { seq: problem.seq });
  }
}
