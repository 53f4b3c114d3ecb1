import { useMemo, useState } from "react";
import type { ChosenRun, RunRow } from "../../bindings/api";
import { asErrorBody, useQueryCommand } from "../../shared/backend";
import { Button, Dialog, EmptyState, ErrorBanner } from "../../shared/components";
import { t } from "../../shared/i18n";
import { DataTable } from "../../shared/table";
import { columnsOf } from "../runs/columns";
import { FilterField } from "../runs/FilterField";
import { filterOf } from "../runs/values";
import { chosen, RUNS } from "./content";
import styles from "./reports.module.css";

const NONE: readonly RunRow[] = [];
const COLUMNS = ["attributes.status", "attributes.experiment", "attributes.start_time"];

/** Finds runs and gives those that are selected. */
export function RunPicker(props: {
  isOpen: boolean;
  onClose: () => void;
  onPick: (runs: ChosenRun[]) => void;
}) {
  return (
    <Dialog
      title={t("reports.addRuns")}
      isOpen={props.isOpen}
      onOpenChange={(open) => !open && props.onClose()}
      size="large"
    >
      {props.isOpen && <Picker {...props} />}
    </Dialog>
  );
}

function Picker(props: { onClose: () => void; onPick: (runs: ChosenRun[]) => void }) {
  const [typed, setTyped] = useState("");
  const [selected, setSelected] = useState<ReadonlyMap<string, RunRow>>(new Map());
  const { filter, names } = filterOf(typed);
  const found = useQueryCommand(
    "runs_search",
    {
      filter,
      order_by: [],
      experiment: null,
      machine_id: null,
      stage: "active",
      offset: 0,
      limit: RUNS,
      columns: [],
      only_columns: true,
    },
    { keepPrevious: true },
  );
  const known = useQueryCommand("run_keys", { experiment: null });
  const columns = useMemo(() => columnsOf(COLUMNS), []);
  const rows = found.data?.rows ?? NONE;
  const failed = found.error ? asErrorBody(found.error) : null;
  return (
    <div className={styles.picker}>
      <FilterField
        value={typed}
        onChange={setTyped}
        error={failed?.code === "invalid" ? failed : null}
        names={names}
        keys={known.data}
        experiment={null}
      />
      {found.error && failed?.code !== "invalid" ? <ErrorBanner error={found.error} /> : null}
      <div className={styles.pickerRows}>
        <DataTable
          id="report-picker"
          label={t("runs.table")}
          rows={rows}
          rowKey={(run) => run.id}
          columns={columns}
          selected={new Set(selected.keys())}
          onSelected={(ids) =>
            setSelected(
              new Map(
                [...ids].flatMap((id) => {
                  const run = rows.find((row) => row.id === id) ?? selected.get(id);
                  return run ? [[id, run] as const] : [];
                }),
              ),
            )
          }
          loading={found.isPending}
          noun={(n) => t("runs.count", { n })}
          {...(found.data ? { total: found.data.total } : {})}
          empty={<EmptyState title={t("runs.noMatchTitle")} />}
        />
      </div>
      <div className={styles.formEnd}>
        <Button onPress={props.onClose}>{t("common.cancel")}</Button>
        <Button
          variant="primary"
          isDisabled={selected.size === 0}
          onPress={() => {
            props.onPick(chosen([...selected.values()]));
            props.onClose();
          }}
        >
          {selected.size === 0 ? t("reports.addRuns") : t("reports.addRunsN", { n: selected.size })}
        </Button>
      </div>
    </div>
  );
}
