import { Check, ChevronDown, Layers } from "lucide-react";
import { Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from "react-aria-components";
import { Button } from "../../shared/components";
import menu from "../../shared/components/Menu.module.css";
import { t } from "../../shared/i18n";
import { columnName } from "./columns";
import { GROUP_ATTRIBUTES } from "./groups";
import styles from "./runs.module.css";

const NONE = "\u0000none";
/** So many keys of a kind are listed. */
const LISTED = 100;

/** Chooses what the runs are grouped by: an attribute, a param or a tag. */
export function GroupBy(props: {
  /** Id of a column, or "". */
  value: string;
  onChange: (value: string | null) => void;
  params: readonly string[];
  tags: readonly string[];
}) {
  const { value } = props;
  const item = (id: string, label: string) => (
    <MenuItem key={id} id={id} textValue={label} className={menu.item ?? ""}>
      <span className={styles.viewTick}>{(value || NONE) === id && <Check size={14} aria-hidden />}</span>
      <span className={styles.viewName}>{label}</span>
    </MenuItem>
  );
  const section = (title: string, kind: string, keys: readonly string[]) =>
    keys.length > 0 && (
      <MenuSection>
        <Header className={styles.menuGroup ?? ""}>{title}</Header>
        {keys.slice(0, LISTED).map((key) => item(`${kind}.${key}`, key))}
      </MenuSection>
    );
  return (
    <MenuTrigger>
      <Button icon={<Layers size={14} aria-hidden />}>
        {value === "" ? (
          t("runTable.group")
        ) : (
          <span className={styles.viewName}>{t("runTable.group.by", { column: columnName(value) })}</span>
        )}
        <ChevronDown size={14} aria-hidden />
      </Button>
      <Popover className={menu.popover ?? ""} placement="bottom start" offset={4}>
        <Menu
          aria-label={t("runTable.group.menu")}
          className={menu.menu ?? ""}
          onAction={(key) => props.onChange(key === NONE ? null : String(key))}
        >
          {item(NONE, t("runTable.group.none"))}
          <MenuSection>
            <Header className={styles.menuGroup ?? ""}>{t("runs.attributes")}</Header>
            {GROUP_ATTRIBUTES.map((id) => item(id, columnName(id)))}
          </MenuSection>
          {section(t("runs.params"), "params", props.params)}
          {section(t("runs.tags"), "tags", props.tags)}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
