import {
  Box,
  CircleX,
  Download,
  KeyRound,
  Lock,
  LockOpen,
  Package,
  Play,
  PlugZap,
  Rocket,
  Server,
  Stamp,
  Tag,
  Trash2,
  TriangleAlert,
} from "lucide-react";
import type { ComponentType, ReactNode } from "react";
import type { ActivityKind, ActivityRow } from "../../bindings/api";
import { Link } from "../../shared/components";
import { t } from "../../shared/i18n";

export type ActivityGroup = "machines" | "runs" | "models" | "deployments" | "settings";

interface Shape {
  group: ActivityGroup;
  icon: ComponentType<{ size?: number }>;
  bad?: boolean;
  /** The subject is gone: nothing to link to. */
  gone?: boolean;
}

/** Every kind has its place; a new kind does not compile until it has one. */
const SHAPES: Record<ActivityKind, Shape> = {
  machine_registered: { group: "machines", icon: Server },
  machine_forgotten: { group: "machines", icon: Trash2, gone: true },
  machine_unreachable: { group: "machines", icon: PlugZap, bad: true },
  machine_reachable: { group: "machines", icon: Server },
  host_key_pinned: { group: "machines", icon: KeyRound, gone: true },
  run_started: { group: "runs", icon: Play },
  run_finished: { group: "runs", icon: Play },
  run_failed: { group: "runs", icon: CircleX, bad: true },
  run_cancelled: { group: "runs", icon: CircleX },
  run_interrupted: { group: "runs", icon: TriangleAlert, bad: true },
  files_saved: { group: "runs", icon: Download },
  files_save_failed: { group: "runs", icon: Download, bad: true },
  version_registered: { group: "models", icon: Box },
  alias_set: { group: "models", icon: Tag },
  alias_removed: { group: "models", icon: Tag },
  alias_protected: { group: "models", icon: Lock },
  alias_unprotect_asked: { group: "models", icon: LockOpen },
  alias_unprotected: { group: "models", icon: LockOpen },
  approval_asked: { group: "models", icon: Stamp },
  approval_given: { group: "models", icon: Stamp },
  approval_refused: { group: "models", icon: Stamp },
  approval_withdrawn: { group: "models", icon: Stamp },
  version_deleted: { group: "models", icon: Trash2 },
  model_deleted: { group: "models", icon: Trash2, gone: true },
  image_pushed: { group: "models", icon: Package },
  image_failed: { group: "models", icon: Package, bad: true },
  deployment_created: { group: "deployments", icon: Rocket },
  deployment_updated: { group: "deployments", icon: Rocket },
  deployment_rolled_back: { group: "deployments", icon: Rocket },
  deployment_stopped: { group: "deployments", icon: Rocket },
  deployment_started: { group: "deployments", icon: Rocket },
  deployment_deleted: { group: "deployments", icon: Trash2, gone: true },
  deployment_healthy: { group: "deployments", icon: Rocket },
  deployment_unhealthy: { group: "deployments", icon: TriangleAlert, bad: true },
  registry_saved: { group: "settings", icon: Package },
  registry_deleted: { group: "settings", icon: Trash2, gone: true },
  secret_deleted: { group: "settings", icon: Trash2, gone: true },
};

export function shapeOf(row: ActivityRow): Shape {
  return SHAPES[row.kind];
}

/** Where the subject is shown; null when it is gone. */
export function activityPath(row: ActivityRow): string | null {
  const { group, gone } = SHAPES[row.kind];
  if (gone) return null;
  const id = encodeURIComponent(row.subject_id);
  switch (group) {
    case "machines":
      return `/machines/${id}`;
    case "runs":
      return row.kind.startsWith("files_") ? `/runs/${id}?tab=artifacts` : `/runs/${id}`;
    case "models":
      // Models are known by name; an image's subject is `name/version`, in older entries with a space.
      return `/models/${(row.kind.startsWith("image_") ? row.subject.replace(/ (\d+)$/, "/$1") : row.subject)
        .split("/")
        .map(encodeURIComponent)
        .join("/")}`;
    case "deployments":
      return `/deployments/${id}`;
    case "settings":
      return "/settings?section=registries";
  }
}

/** Stands for the subject while the sentence is looked up. */
const SUBJECT = "\u0001";

/** What is said beside the sentence: "exit code 1", "version 7", "@champion → 7". */
function detailOf(row: ActivityRow): string | null {
  const { exit_code, alias, model, version } = row.facts ?? {};
  if (exit_code !== undefined) return t("activity.exitCode", { code: exit_code });
  if (alias !== undefined) return version === undefined ? `@${alias}` : `@${alias} → ${version}`;
  if (model !== undefined) return `${model} ${version ?? ""}`;
  if (version !== undefined) return t("activity.version", { version });
  // A machine tells of it by the version alone.
  if (row.kind === "deployment_healthy" && row.detail) return t("activity.version", { version: row.detail });
  return row.detail;
}

/** "Run **swift-hare** failed", with the subject as a link where it still exists. */
export function Sentence({ row }: { row: ActivityRow }): ReactNode {
  const [before = "", after = ""] = t(`activity.kind.${row.kind}`, { subject: SUBJECT }).split(SUBJECT);
  const path = activityPath(row);
  const detail = detailOf(row);
  return (
    <>
      {before}
      {path ? (
        <Link to={path} className="clip" title={row.subject}>
          <bdi>{row.subject}</bdi>
        </Link>
      ) : (
        <b className="clip" style={{ fontWeight: 520 }} title={row.subject}>
          <bdi>{row.subject}</bdi>
        </b>
      )}
      {after}
      {detail ? (
        <>
          <span className="quiet">{" · "}</span>
          <span className="quiet clip" title={detail}>
            {detail}
          </span>
        </>
      ) : null}
    </>
  );
}
