import { ArrowDown, ArrowUp } from "lucide-react";
import { useId, useRef } from "react";
import { Button as AriaButton } from "react-aria-components";
import { t } from "../i18n";
import styles from "./table.module.css";
import { type Column, headerText } from "./types";

interface HeaderCellProps<Row> {
  readonly column: Column<Row>;
  readonly first: boolean;
  readonly offset: number | undefined;
  readonly width: number;
  readonly sorted: "ascending" | "descending" | undefined;
  readonly onSort: (() => void) | undefined;
  readonly onWidth: (width: number) => void;
}

/** The head of a column: sorts by a press, and is made wider at its edge or by Alt and an arrow key. */
export function HeaderCell<Row>({
  column,
  first,
  offset,
  width,
  sorted,
  onSort,
  onWidth,
}: HeaderCellProps<Row>) {
  const start = useRef<{ x: number; width: number } | null>(null);
  const help = useId();
  const hint = [column.hint, column.unsorted].filter(Boolean).join(" ");
  const name = (
    <span className={styles.heading}>
      <span className={styles.title}>{column.header}</span>
      {column.mark !== undefined && <span className={styles.mark}> {column.mark}</span>}
    </span>
  );
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: its button is focusable
    <div
      role="columnheader"
      aria-sort={sorted ?? (onSort ? "none" : undefined)}
      className={`${styles.cell} ${styles.rich}`}
      data-first={first || undefined}
      data-align={column.align}
      data-pinned={offset === undefined ? undefined : true}
      style={{ left: offset }}
      title={hint || undefined}
      aria-label={headerText(column)}
      aria-describedby={onSort ? undefined : help}
      onKeyDown={(e) => {
        if (!e.altKey || (e.key !== "ArrowLeft" && e.key !== "ArrowRight")) return;
        e.preventDefault();
        e.stopPropagation();
        onWidth(width + (e.key === "ArrowRight" ? 16 : -16));
      }}
    >
      {onSort ? (
        <AriaButton className={styles.sort ?? ""} onPress={onSort} aria-describedby={help}>
          {name}
          {sorted === "ascending" && <ArrowUp size={12} aria-hidden />}
          {sorted === "descending" && <ArrowDown size={12} aria-hidden />}
        </AriaButton>
      ) : (
        name
      )}
      <span id={help} className={styles.hidden}>
        {hint} {t("views.table.resize", { column: headerText(column) })}
      </span>
      <span
        aria-hidden
        className={styles.grip}
        onPointerDown={(e) => {
          e.preventDefault();
          e.currentTarget.setPointerCapture(e.pointerId);
          start.current = { x: e.clientX, width };
        }}
        onPointerMove={(e) => {
          if (start.current) onWidth(start.current.width + e.clientX - start.current.x);
        }}
        onPointerUp={() => {
          start.current = null;
        }}
      />
    </div>
  );
}
