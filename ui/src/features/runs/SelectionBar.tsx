import {
  Archive,
  ArchiveRestore,
  FileChartColumn,
  GitCompareArrows,
  RotateCcw,
  Tag,
  Trash2,
  X,
} from "lucide-react";
import type { RunStage } from "../../bindings/api";
import { ActionsMenu, Button, LinkButton, type MenuAction } from "../../shared/components";
import { t } from "../../shared/i18n";
import styles from "./runs.module.css";
import { ACTS_OF, actLabel, type StageAct } from "./stages";

/** So many runs are compared at once. */
export const COMPARED = 200;

const ICONS = { archive: Archive, unarchive: ArchiveRestore, delete: Trash2, restore: RotateCcw };

/** What can be done with the runs that are selected, in place of the filter. */
export function SelectionBar(props: {
  ids: readonly string[];
  stage: RunStage;
  isPending: (what: StageAct) => boolean;
  onAct: (what: StageAct) => void;
  onTag: () => void;
  onCompare: () => void;
  onReport: () => void;
  onNone: () => void;
  more: readonly MenuAction[];
}) {
  const { ids } = props;
  return (
    <>
      <span className={styles.chosen}>{t("views.table.selected", { n: ids.length })}</span>
      {ids.length === 1 && <LinkButton to={`/runs/${ids[0]}`}>{t("runs.open")}</LinkButton>}
      {ids.length > 1 && (
        <Button
          icon={<GitCompareArrows size={16} />}
          isDisabled={ids.length > COMPARED}
          onPress={props.onCompare}
        >
          {t("runs.compare")}
        </Button>
      )}
      {props.stage !== "deleted" && (
        <>
          <Button icon={<FileChartColumn size={16} />} onPress={props.onReport}>
            {t("reports.add")}
          </Button>
          <Button icon={<Tag size={16} />} onPress={props.onTag}>
            {t("runTable.tag")}
          </Button>
        </>
      )}
      {ACTS_OF[props.stage].map((what) => {
        const Icon = ICONS[what];
        return (
          <Button
            key={what}
            icon={<Icon size={16} />}
            onPress={() => props.onAct(what)}
            isPending={props.isPending(what)}
          >
            {actLabel(what)}
          </Button>
        );
      })}
      <ActionsMenu label={t("runTable.more")} items={props.more} />
      {ids.length > COMPARED && (
        <span className={styles.limit} title={t("runs.compareLimit", { n: COMPARED })}>
          {t("runs.compareLimit", { n: COMPARED })}
        </span>
      )}
      <span className={styles.spring} />
      <Button variant="quiet" icon={<X size={14} />} onPress={props.onNone}>
        {t("runs.selectNone")}
      </Button>
    </>
  );
}
