import { Ellipsis } from "lucide-react";
import type { ReactNode } from "react";
import { Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { t } from "../i18n";
import { IconButton } from "./Button";
import { classes } from "./classes";
import styles from "./Menu.module.css";

export interface MenuAction {
  id: string;
  label: string;
  icon?: ReactNode;
  detail?: string;
  danger?: boolean;
  disabled?: boolean;
  onAction: () => void;
}

function Items(props: { label: string; items: readonly MenuAction[] }) {
  return (
    <Popover className={styles.popover ?? ""} placement="bottom end" offset={4}>
      <Menu
        aria-label={props.label}
        className={styles.menu ?? ""}
        onAction={(key) => props.items.find((item) => item.id === key)?.onAction()}
        disabledKeys={props.items.filter((item) => item.disabled).map((item) => item.id)}
      >
        {props.items.map((item) => (
          <MenuItem
            key={item.id}
            id={item.id}
            textValue={item.label}
            className={classes(styles.item, item.danger && styles.danger)}
          >
            {item.icon}
            <span>
              {item.label}
              {item.detail ? <span className={styles.detail}> {item.detail}</span> : null}
            </span>
          </MenuItem>
        ))}
      </Menu>
    </Popover>
  );
}

/** The "…" menu: everything that is not one of the two or three actions of the title line. */
export function ActionsMenu(props: {
  label?: string;
  items: readonly MenuAction[];
  size?: "small" | "normal";
}) {
  const label = props.label ?? t("common.more");
  if (props.items.length === 0) return null;
  return (
    <MenuTrigger>
      <IconButton
        label={label}
        icon={<Ellipsis size={16} aria-hidden />}
        {...(props.size ? { size: props.size } : {})}
      />
      <Items label={label} items={props.items} />
    </MenuTrigger>
  );
}
