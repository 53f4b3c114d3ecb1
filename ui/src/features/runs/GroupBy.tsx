import { Check, ChevronDown, Layers } from "lucide-react";
import { useState } from "react";
import { Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from "react-aria-components";
import { Button, Findable, LISTED, SEARCHED } from "../../shared/components";
import menu from "../../shared/components/Menu.module.css";
import { t } from "../../shared/i18n";
import { columnName } from "./columns";
import { GROUP_ATTRIBUTES } from "./groups";
import styles from "./runs.module.css";

const NONE = "\u0000none";

/** Chooses what the runs are grouped by: an attribute, a param or a tag. */
export function GroupBy(props: {
  /** Id of a column, or "". */
  value: string;
  onChange: (value: string | null) => void;
  params: readonly string[];
  tags: readonly string[];
}) {
  const { value, params, tags } = props;
  const [find, setFind] = useState("");
  const wanted = find.trim().toLocaleLowerCase();
  const kinds = [
    { title: t("runs.attributes"), ids: GROUP_ATTRIBUTES },
    { title: t("runs.params"), ids: params.map((key) => `params.${key}`) },
    { title: t("runs.tags"), ids: tags.map((key) => `tags.${key}`) },
  ].map(({ title, ids }) => {
    const found = ids.filter((id) => columnName(id).toLocaleLowerCase().includes(wanted));
    return { title, listed: found.slice(0, LISTED), more: Math.max(0, found.length - LISTED) };
  });
  const more = kinds.reduce((n, kind) => n + kind.more, 0);
  const item = (id: string, label: string) => (
    <MenuItem key={id} id={id} textValue={label} className={menu.item ?? ""}>
      <span className={styles.viewTick}>{(value || NONE) === id && <Check size={14} aria-hidden />}</span>
      <span className={styles.viewName}>{label}</span>
    </MenuItem>
  );
  const list = (
    <Menu
      aria-label={t("runTable.group.menu")}
      className={menu.menu ?? ""}
      renderEmptyState={() => <p className={menu.nothing}>{t("fields.nothingFound")}</p>}
      onAction={(key) => props.onChange(key === NONE ? null : String(key))}
    >
      {wanted === "" && item(NONE, t("runTable.group.none"))}
      {kinds.map(
        ({ title, listed }) =>
          listed.length > 0 && (
            <MenuSection key={title}>
              <Header className={styles.menuGroup ?? ""}>{title}</Header>
              {listed.map((id) => item(id, columnName(id)))}
            </MenuSection>
          ),
      )}
    </Menu>
  );
  return (
    <MenuTrigger onOpenChange={() => setFind("")}>
      <Button icon={<Layers size={14} aria-hidden />}>
        {value === "" ? (
          t("runTable.group")
        ) : (
          <span className={styles.viewName}>{t("runTable.group.by", { column: columnName(value) })}</span>
        )}
        <ChevronDown size={14} aria-hidden />
      </Button>
      <Popover className={menu.popover ?? ""} placement="bottom start" offset={4}>
        <Findable many={params.length + tags.length > SEARCHED} find={find} onFind={setFind} more={more}>
          {list}
        </Findable>
      </Popover>
    </MenuTrigger>
  );
}
