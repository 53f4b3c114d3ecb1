import { Lock, Tag } from "lucide-react";
import { useMemo, useState } from "react";
import type { ModelDetail } from "../../bindings/api";
import { useMutationCommand } from "../../shared/backend";
import { Button, EmptyState, StatusWord, TextField, useGo } from "../../shared/components";
import { t } from "../../shared/i18n";
import { type Column, DataTable } from "../../shared/table";
import { mayCarry } from "./approval";
import { AliasChip } from "./Chips";
import { modelPath } from "./ModelsPage";
import styles from "./models.module.css";
import { ReasonDialog } from "./ReasonDialog";
import * as check from "./validate";

interface Row {
  readonly alias: string;
  readonly version: number | null;
  readonly protected: boolean;
  /** Protected, and yet on a version that is not approved (any more). */
  readonly astray: boolean;
}

/** The aliases of a model, and which of them move only to approved versions. */
export function AliasesTab({ model }: { model: ModelDetail }) {
  const go = useGo();
  const [asked, setAsked] = useState<{ alias: string; protect: boolean } | null>(null);
  const rows = useMemo<Row[]>(() => {
    const set = model.row.aliases.map((a) => {
      const version = model.versions.find((v) => v.version === a.version);
      return { ...a, astray: a.protected && version !== undefined && !mayCarry(version.approval) };
    });
    const bare = model.protected
      .filter((alias) => !set.some((a) => a.alias === alias))
      .map((alias) => ({ alias, version: null, protected: true, astray: false }));
    return [...set, ...bare];
  }, [model]);
  const columns = useMemo<Column<Row>[]>(
    () => [
      {
        id: "alias",
        header: t("approvals.alias"),
        text: (r) => r.alias,
        cell: (r) => <AliasChip alias={r.alias} locked={r.protected} />,
        width: 240,
      },
      {
        id: "version",
        header: t("approvals.alias.stands"),
        text: (r) => (r.version === null ? "" : t("models.version", { n: r.version })),
        cell: (r) =>
          r.version === null ? (
            <span className="quiet">{t("approvals.alias.nothing")}</span>
          ) : (
            t("models.version", { n: r.version })
          ),
        sort: (r) => r.version,
        width: 140,
      },
      {
        id: "protection",
        header: t("approvals.alias.protection"),
        text: (r) => (r.protected ? t("approvals.alias.protected") : t("approvals.alias.free")),
        cell: (r) =>
          r.protected ? (
            <StatusWord
              kind={r.astray ? "notice" : "good"}
              label={t("approvals.alias.protected")}
              {...(r.astray ? { detail: t("approvals.alias.unapproved") } : {})}
            />
          ) : (
            <span className="quiet">{t("approvals.alias.free")}</span>
          ),
        width: 380,
      },
    ],
    [],
  );
  return (
    <>
      <div className={styles.toolbar}>
        <Button
          size="small"
          icon={<Lock size={14} aria-hidden />}
          onPress={() => setAsked({ alias: "", protect: true })}
        >
          {t("approvals.alias.protectAnother")}
        </Button>
      </div>
      <div className={styles.list}>
        <DataTable
          id="model-aliases"
          label={t("approvals.aliases")}
          rows={rows}
          rowKey={(r) => r.alias}
          columns={columns}
          sort={{ id: "alias", desc: false }}
          onOpen={(r) => {
            if (r.version !== null) go(modelPath(model.row.name, r.version));
          }}
          noun={(n) => t("approvals.alias.count", { n })}
          empty={
            <EmptyState icon={Tag} title={t("approvals.alias.none")} lead={t("approvals.alias.noneLead")} />
          }
          actions={(r) => [
            {
              id: "protection",
              label: r.protected ? t("approvals.alias.unprotect") : t("approvals.alias.protect"),
              onAction: () => setAsked({ alias: r.alias, protect: !r.protected }),
            },
          ]}
        />
      </div>
      {asked && <ProtectDialog name={model.row.name} {...asked} onClose={() => setAsked(null)} />}
    </>
  );
}

function ProtectDialog(props: { name: string; alias: string; protect: boolean; onClose: () => void }) {
  const { name, protect } = props;
  const change = useMutationCommand("alias_protect");
  const [alias, setAlias] = useState(props.alias);
  const wrong = alias === "" ? null : check.alias(alias);
  return (
    <ReasonDialog
      title={
        protect
          ? t("approvals.alias.protectTitle", { name })
          : t("approvals.alias.unprotectTitle", { alias: props.alias })
      }
      lead={protect ? t("approvals.alias.protectLead") : t("approvals.alias.unprotectLead")}
      act={protect ? t("approvals.alias.protect") : t("approvals.alias.unprotect")}
      danger={!protect}
      blocked={alias === "" || wrong !== null}
      onAct={(reason) => change.mutateAsync({ name, alias, protect, reason: reason === "" ? null : reason })}
      onClose={props.onClose}
    >
      {protect && (
        <TextField
          label={t("approvals.alias")}
          value={alias}
          onChange={setAlias}
          error={wrong}
          placeholder="champion"
          isDisabled={props.alias !== ""}
          autoFocus
          isRequired
        />
      )}
    </ReasonDialog>
  );
}
