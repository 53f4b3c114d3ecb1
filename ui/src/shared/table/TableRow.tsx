import { memo } from "react";
import { t } from "../i18n";
import styles from "./table.module.css";
import type { Column } from "./types";

const RICH = `${styles.cell} ${styles.rich}`;

interface RowProps<Row> {
  /** Undefined while it is being read: its place is kept. */
  readonly row: Row | undefined;
  readonly id: string;
  readonly index: number;
  /** From the top of the body in pixels; undefined where rows simply follow one another. */
  readonly top: number | undefined;
  readonly columns: readonly Column<Row>[];
  /** How far from the left each pinned column stands. */
  readonly pins: readonly (number | undefined)[];
  /** Undefined where rows are not selected. */
  readonly selected: boolean | undefined;
  readonly active: boolean;
  readonly cursor: boolean;
  /** Undefined where no row has a menu. */
  readonly menu: "none" | "closed" | "open" | undefined;
}

/**
 * A row as it is drawn, and drawn again only when something of it changes. It has no handlers of its own:
 * what is pressed is told by the table around it, from `data-index`.
 */
function Row<Row>(props: RowProps<Row>) {
  const { row, index, columns, pins, selected, active, cursor, menu } = props;
  const place =
    props.top === undefined
      ? undefined
      : ({ position: "absolute", top: 0, transform: `translateY(${props.top}px)` } as const);
  if (row === undefined) {
    return (
      // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
      <div
        id={props.id}
        role="row"
        aria-rowindex={index + 2}
        data-cursor={cursor || undefined}
        className={styles.row}
        style={place}
      >
        {/* biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus */}
        <div role="gridcell" className={styles.coming}>
          <span className={styles.hidden}>{t("views.table.coming")}</span>
        </div>
      </div>
    );
  }
  const name = columns[0]?.text(row) ?? "";
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
    <div
      id={props.id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected ?? (active || undefined)}
      data-index={index}
      data-cursor={cursor || undefined}
      data-active={active || undefined}
      data-selected={selected || undefined}
      className={styles.row}
      style={place}
    >
      {selected !== undefined && (
        // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
        <div role="gridcell" className={styles.check}>
          {/* A field that React controls would be the dearest part of a row. */}
          <span
            role="checkbox"
            tabIndex={-1}
            className={styles.box}
            aria-label={t("views.table.selectRow", { name })}
            aria-checked={selected}
          />
        </div>
      )}
      {columns.map((c, i) => (
        <div
          key={c.id}
          role={i === 0 ? "rowheader" : "gridcell"}
          className={c.cell && !c.plain ? RICH : styles.cell}
          // For all others it is told when the pointer is over them: most rows only fly past.
          title={(cursor && titleOf(c, row)) || undefined}
          data-first={i === 0 || undefined}
          data-align={c.align}
          data-mono={c.mono || undefined}
          data-pinned={pins[i] === undefined ? undefined : true}
          style={pins[i] === undefined ? undefined : { left: pins[i] }}
        >
          {c.cell ? c.cell(row) : c.text(row)}
        </div>
      ))}
      {menu !== undefined && (
        // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
        <div role="gridcell" className={styles.actions}>
          {menu !== "none" && (
            <button
              type="button"
              tabIndex={-1}
              className={styles.more}
              data-row-menu
              title={t("views.table.actions", { name })}
              aria-label={t("views.table.actions", { name })}
              aria-haspopup="menu"
              aria-expanded={menu === "open"}
            />
          )}
        </div>
      )}
    </div>
  );
}

/** What a cell says under the pointer; nothing where its parts say it themselves. */
export function titleOf<Row>(column: Column<Row>, row: Row): string {
  return column.cell && !column.plain ? "" : (column.title ?? column.text)(row);
}

export const TableRow = memo(Row) as typeof Row;
