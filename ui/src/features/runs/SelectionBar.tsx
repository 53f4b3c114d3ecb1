import { FileChartColumn, GitCompareArrows, RotateCcw, Tag, Trash2, X } from "lucide-react";
import type { LifecycleStage } from "../../bindings/api";
import { ActionsMenu, Button, LinkButton, type MenuAction } from "../../shared/components";
import { t } from "../../shared/i18n";
import styles from "./runs.module.css";

/** So many runs are compared at once. */
export const COMPARED = 200;

/** What can be done with the runs that are selected, in place of the filter. */
export function SelectionBar(props: {
  ids: readonly string[];
  stage: LifecycleStage;
  deleting: boolean;
  restoring: boolean;
  onDelete: () => void;
  onRestore: () => void;
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
      {props.stage === "active" ? (
        <>
          <Button icon={<FileChartColumn size={16} />} onPress={props.onReport}>
            {t("reports.add")}
          </Button>
          <Button icon={<Tag size={16} />} onPress={props.onTag}>
            {t("runTable.tag")}
          </Button>
          <Button icon={<Trash2 size={16} />} onPress={props.onDelete} isPending={props.deleting}>
            {t("runs.delete")}
          </Button>
        </>
      ) : (
        <Button icon={<RotateCcw size={16} />} onPress={props.onRestore} isPending={props.restoring}>
          {t("runs.restore")}
        </Button>
      )}
      <ActionsMenu label={t("runTable.more")} items={props.more} />
      {ids.length > COMPARED && <span className="quiet">{t("runs.compareLimit", { n: COMPARED })}</span>}
      <span className={styles.spring} />
      <Button variant="quiet" icon={<X size={14} />} onPress={props.onNone}>
        {t("runs.selectNone")}
      </Button>
    </>
  );
}
