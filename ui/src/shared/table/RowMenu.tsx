import { ChevronRight } from "lucide-react";
import type { RefObject } from "react";
import {
  Header,
  Menu,
  MenuItem,
  MenuSection,
  Popover,
  Separator,
  SubmenuTrigger,
} from "react-aria-components";
import { classes } from "../components";
import menu from "../components/Menu.module.css";
import { t } from "../i18n";
import styles from "./table.module.css";
import type { RowAction } from "./types";

interface Group {
  readonly label: string;
  readonly items: readonly RowAction[];
}

function item(action: RowAction) {
  return (
    <MenuItem
      key={action.id}
      id={action.id}
      textValue={action.label}
      className={classes(menu.item, action.danger && menu.danger)}
      isDisabled={action.disabled ?? false}
      onAction={action.onAction}
    >
      <span className={styles.action} title={action.label}>
        {action.label}
      </span>
    </MenuItem>
  );
}

/** The one menu of a table: made for a row when it is asked for, since a menu in each row makes rows heavy. */
export function RowMenu(props: {
  label: string;
  anchor: RefObject<Element | null>;
  /** Under a row's button or at the pointer. */
  placement: "bottom end" | "bottom start";
  items: readonly RowAction[];
  /** For the cell that was pressed. */
  cell: Group | null;
  /** For all cells of the row, one level down. */
  cells: Group | null;
  onClose: () => void;
}) {
  const { items, cell, cells, onClose } = props;
  return (
    <Popover
      className={menu.popover ?? ""}
      placement={props.placement}
      offset={4}
      triggerRef={props.anchor}
      aria-label={props.label}
      isOpen
      onOpenChange={(open) => !open && onClose()}
    >
      <Menu aria-label={props.label} className={menu.menu ?? ""} autoFocus="first" onClose={onClose}>
        {cell !== null && (
          <MenuSection>
            <Header className={styles.group ?? ""}>{cell.label}</Header>
            {cell.items.map(item)}
          </MenuSection>
        )}
        {cell !== null && items.length > 0 && <Separator className={styles.between ?? ""} />}
        {items.map(item)}
        {cells !== null && (
          <>
            {items.length > 0 && <Separator className={styles.between ?? ""} />}
            <SubmenuTrigger>
              <MenuItem id="cells" textValue={cells.label} className={menu.item ?? ""}>
                <span className={styles.action}>{cells.label}</span>
                <ChevronRight size={14} aria-hidden className={styles.deeper} />
              </MenuItem>
              <Popover className={menu.popover ?? ""} offset={2}>
                <Menu
                  aria-label={t("views.table.cells", { label: cells.label })}
                  className={menu.menu ?? ""}
                  onClose={onClose}
                >
                  {cells.items.map(item)}
                </Menu>
              </Popover>
            </SubmenuTrigger>
          </>
        )}
      </Menu>
    </Popover>
  );
}
