import { Lock, Tag } from "lucide-react";
import { useMemo, useState } from "react";
import type { ModelDetail, UnprotectAsked } from "../../bindings/api";
import { useMutationCommand } from "../../shared/backend";
import { Button, EmptyState, StatusWord, TextField, useGo } from "../../shared/components";
import { formatTime } from "../../shared/format";
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
  /** Somebody wants it to be free again, and nobody else has agreed yet. */
  readonly asked: UnprotectAsked | null;
}

/** What is done about a protection. */
type Change = "protect" | "keep" | "ask" | "agree";

function words(change: Change, name: string, alias: string) {
  switch (change) {
    case "protect":
      return {
        act: t("approvals.alias.protect"),
        title: t("approvals.alias.protectTitle", { name }),
        lead: t("approvals.alias.protectLead"),
      };
    case "keep":
      return {
        act: t("approvals.alias.keep"),
        title: t("approvals.alias.keepTitle", { alias }),
        lead: t("approvals.alias.keepLead"),
      };
    case "ask":
      return {
        act: t("approvals.alias.unprotectAsk"),
        title: t("approvals.alias.unprotectAskTitle", { alias }),
        lead: t("approvals.alias.unprotectAskLead"),
      };
    case "agree":
      return {
        act: t("approvals.alias.unprotect"),
        title: t("approvals.alias.unprotectTitle", { alias }),
        lead: t("approvals.alias.unprotectLead"),
      };
  }
}

function changes(row: Row): readonly Change[] {
  if (!row.protected) return ["protect"];
  if (!row.asked) return ["ask"];
  return row.asked.own ? ["keep"] : ["agree", "keep"];
}

/** The aliases of a model, and which of them move only to approved versions. */
export function AliasesTab({ model }: { model: ModelDetail }) {
  const go = useGo();
  const [asked, setAsked] = useState<{ alias: string; change: Change } | null>(null);
  const rows = useMemo<Row[]>(() => {
    const request = (alias: string) => model.unprotect_asked.find((asked) => asked.alias === alias) ?? null;
    const set = model.row.aliases.map((a) => {
      const version = model.versions.find((v) => v.version === a.version);
      return {
        ...a,
        astray: a.protected && version !== undefined && !mayCarry(version.approval),
        asked: request(a.alias),
      };
    });
    const bare = model.protected
      .filter((alias) => !set.some((a) => a.alias === alias))
      .map((alias) => ({ alias, version: null, protected: true, astray: false, asked: request(alias) }));
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
              kind={r.astray || r.asked ? "notice" : "good"}
              label={t("approvals.alias.protected")}
              {...(r.asked
                ? {
                    detail: t("approvals.alias.unprotectAsked", {
                      who: r.asked.who,
                      when: formatTime(r.asked.at),
                    }),
                  }
                : r.astray
                  ? { detail: t("approvals.alias.unapproved") }
                  : {})}
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
          onPress={() => setAsked({ alias: "", change: "protect" })}
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
          actions={(r) =>
            changes(r).map((change) => ({
              id: change,
              label: words(change, model.row.name, r.alias).act,
              onAction: () => setAsked({ alias: r.alias, change }),
            }))
          }
        />
      </div>
      {asked && <ProtectDialog name={model.row.name} {...asked} onClose={() => setAsked(null)} />}
    </>
  );
}

function ProtectDialog(props: { name: string; alias: string; change: Change; onClose: () => void }) {
  const { name } = props;
  const protect = props.change === "protect" || props.change === "keep";
  const { act, title, lead } = words(props.change, name, props.alias);
  const change = useMutationCommand("alias_protect");
  const [alias, setAlias] = useState(props.alias);
  const wrong = alias === "" ? null : check.alias(alias);
  return (
    <ReasonDialog
      title={title}
      lead={lead}
      act={act}
      danger={!protect}
      blocked={alias === "" || wrong !== null}
      onAct={(reason) => change.mutateAsync({ name, alias, protect, reason: reason === "" ? null : reason })}
      onClose={props.onClose}
    >
      {props.change === "protect" && (
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
