import { useEffect, useRef } from "react";
import type { ActivityKind } from "../bindings/api";
import { activityPath } from "../features/activity/sentence";
import { useQueryCommand } from "../shared/backend";
import { toast, useGo } from "../shared/components";
import { t } from "../shared/i18n";

/** What is worth a word while a person looks at something else. Failures also stay under Overview. */
const NEWS: Partial<Record<ActivityKind, "good" | "notice">> = {
  run_finished: "good",
  run_failed: "notice",
  run_interrupted: "notice",
  files_saved: "good",
  files_save_failed: "notice",
  image_pushed: "good",
  image_failed: "notice",
  deployment_healthy: "good",
  deployment_unhealthy: "notice",
  machine_unreachable: "notice",
  machine_reachable: "good",
};

/** A path without a tab is of the whole page. */
function isShown(path: string): boolean {
  const { pathname, search } = window.location;
  return path === (path.includes("?") ? pathname + search : pathname);
}

/** Tells of what happens on the machines, unless it is on screen anyway. */
export function useNews(): void {
  const go = useGo();
  const activity = useQueryCommand("activity_list", { before_id: null, limit: 20 });
  const seen = useRef<number | null>(null);
  const rows = activity.data;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only new rows are news
  useEffect(() => {
    if (!rows) return;
    const before = seen.current;
    seen.current = Math.max(before ?? 0, rows[0]?.id ?? 0);
    // What was there when the page opened is no news.
    if (before === null) return;
    for (const row of rows.filter((each) => each.id > before).reverse()) {
      const kind = NEWS[row.kind];
      const path = activityPath(row);
      if (!kind || !path || isShown(path)) continue;
      const detail = row.problem?.message ?? row.detail;
      toast({
        kind,
        title: t(`activity.kind.${row.kind}`, { subject: row.subject }),
        ...(detail ? { detail } : {}),
        action: { label: t("frame.open"), onAction: () => go(path) },
      });
    }
  }, [rows]);
}
