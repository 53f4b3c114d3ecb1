import { Plus, Server } from "lucide-react";
import type { MachineRow } from "../../bindings/api";
import { useMutationCommand, useQueryCommand } from "../../shared/backend";
import {
  Button,
  EmptyState,
  ErrorBanner,
  Link,
  LinkButton,
  Loading,
  Num,
  Page,
  Time,
  toast,
  useGo,
} from "../../shared/components";
import { formatNumber, formatTime } from "../../shared/format";
import { t } from "../../shared/i18n";
import { type Column, DataTable } from "../../shared/table";
import { UnfinishedDrafts } from "../setup/UnfinishedDrafts";
import { engineWords, LinkStatus } from "./link";
import styles from "./Machines.module.css";

function columns(): Column<MachineRow>[] {
  return [
    {
      id: "name",
      header: t("machines.col.name"),
      text: (row) => row.name,
      cell: (row) => <Link to={`/machines/${row.id}`}>{row.name}</Link>,
      width: 164,
    },
    {
      id: "state",
      header: t("machines.col.state"),
      text: (row) => t(`machines.link.${row.link.state}`),
      cell: (row) => <LinkStatus link={row.link} />,
      width: 196,
    },
    { id: "address", header: t("machines.col.address"), text: (row) => row.address, mono: true, width: 208 },
    { id: "engine", header: t("machines.col.engine"), text: (row) => engineWords(row.engine), width: 128 },
    {
      id: "runs",
      header: t("machines.col.runs"),
      text: (row) => formatNumber(row.active_runs),
      cell: (row) => <Num v={row.active_runs} />,
      sort: (row) => row.active_runs,
      align: "end",
      width: 124,
    },
    {
      id: "deployments",
      header: t("machines.col.deployments"),
      text: (row) => formatNumber(row.deployments),
      cell: (row) => <Num v={row.deployments} />,
      sort: (row) => row.deployments,
      align: "end",
      width: 124,
    },
    {
      id: "registered",
      header: t("machines.col.registered"),
      text: (row) => formatTime(row.created_at),
      cell: (row) => <Time at={row.created_at} relative />,
      sort: (row) => row.created_at,
      width: 124,
    },
  ];
}

export function MachinesPage() {
  const machines = useQueryCommand("machines_list", null);
  const addLocal = useMutationCommand("machine_add_local");
  const go = useGo();
  const hasLocal = machines.data?.some((row) => row.kind === "local") ?? true;
  const add = () => addLocal.mutate(null, { onSuccess: () => toast({ title: t("machines.addedLocal") }) });
  return (
    <Page
      title={t("machines.title")}
      lead={t("machines.lead")}
      fill
      actions={
        <>
          {hasLocal ? null : (
            <Button onPress={add} isPending={addLocal.isPending}>
              {t("machines.addLocal")}
            </Button>
          )}
          <LinkButton to="/setup" variant="primary" icon={<Plus size={16} aria-hidden />}>
            {t("machines.register")}
          </LinkButton>
        </>
      }
    >
      <div className={styles.list}>
        <div className={styles.drafts}>
          {addLocal.error ? <ErrorBanner error={addLocal.error} onRetry={add} /> : null}
          <UnfinishedDrafts />
          {machines.error && machines.data === undefined ? (
            <ErrorBanner error={machines.error} onRetry={() => void machines.refetch()} />
          ) : null}
        </div>
        {machines.data?.length === 0 ? (
          <EmptyState
            icon={Server}
            title={t("machines.emptyTitle")}
            lead={t("machines.emptyLead")}
            actions={
              <LinkButton to="/setup" variant="primary">
                {t("machines.register")}
              </LinkButton>
            }
          />
        ) : machines.error && machines.data === undefined ? null : (
          <div className={styles.table}>
            <Loading query={{ ...machines, error: null }}>
              {(rows) => (
                <DataTable
                  id="machines"
                  label={t("machines.title")}
                  rows={rows}
                  rowKey={(row) => row.id}
                  columns={columns()}
                  noun={(n: number) => t("machines.count", { n })}
                  onOpen={(row) => go(`/machines/${row.id}`)}
                />
              )}
            </Loading>
          </div>
        )}
      </div>
    </Page>
  );
}
