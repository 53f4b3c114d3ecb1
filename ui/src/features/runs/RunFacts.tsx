import type { RunRow } from "../../bindings/api";
import { Fact, Link, Time } from "../../shared/components";
import { t } from "../../shared/i18n";

/** Where a run is, and since when. */
export function RunFacts({ row }: { row: RunRow }) {
  return (
    <>
      <Fact label={t("runs.col.machine")}>
        {row.machine_id ? (
          <Link to={`/machines/${row.machine_id}`}>{row.machine ?? row.machine_id}</Link>
        ) : (
          t("runs.noMachine")
        )}
      </Fact>
      <Fact label={t("runs.started")}>
        {row.started_at === null ? t("runs.notStarted") : <Time at={row.started_at} />}
      </Fact>
    </>
  );
}
