import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { LoadingShape } from "../components";
import { numberFormat } from "../format/intl";
import { currentLocale, t } from "../i18n";
import { HeaderCell } from "./HeaderCell";
import { RowMenu } from "./RowMenu";
import { useRowHeight } from "./rowHeight";
import { type Cursor, compare, step, tsv, typeAhead } from "./selection";
import { TableRow, titleOf } from "./TableRow";
import styles from "./table.module.css";
import { type Column, type DataTableProps, headerText, type Sort } from "./types";
import { useWidths } from "./widths";

/** A row by its key, and by where it stood for one that is not read yet. */
interface Place {
  readonly key: string | null;
  readonly index: number;
}
const NOWHERE: Place = { key: null, index: -1 };

/** The menu that is open: of which row, on which column, and where. */
interface OpenMenu {
  readonly key: string;
  readonly column: string | null;
  readonly point: { readonly x: number; readonly y: number } | null;
}

const VIRTUAL_FROM = 100;
const CHECK_WIDTH = 44;
const ACTION_WIDTH = 40;

/** A grid with one tab stop: the arrow keys move a cursor over rows, as in ARIA's grid pattern. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { id, label, rows, rowKey, columns, actions, selected, onSelected, active, onActive, onOpen } = props;
  const fill = props.height !== "content";
  const base = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const { widthOf, setWidth } = useWidths(id);
  const [ownSort, setOwnSort] = useState<Sort | undefined>(props.sort);
  const sort = props.onSort ? props.sort : ownSort;
  const { windows } = props;
  const [cursorPlace, setCursorPlace] = useState<Place>(NOWHERE);
  const [anchorPlace, setAnchorPlace] = useState<Place>(NOWHERE);
  const [announced, setAnnounced] = useState("");
  const [menu, setMenu] = useState<OpenMenu | null>(null);
  const menuAt = useRef<Element>(null);
  const typed = useRef({ text: "", at: 0 });

  const sorted = useMemo(() => {
    if (props.onSort || !ownSort) return rows;
    const column = columns.find((c) => c.id === ownSort.id);
    if (!column) return rows;
    const value = column.sort ?? column.text;
    return [...rows].sort((a, b) => compare(value(a), value(b), ownSort.desc));
  }, [rows, columns, ownSort, props.onSort]);

  const indexOf = useMemo(() => new Map(sorted.map((row, i) => [rowKey(row), i] as const)), [sorted, rowKey]);
  const length = windows ? windows.total : sorted.length;
  const rowAt = (index: number) => (windows ? windows.at(index) : sorted[index]);
  const at = ({ key, index }: Place) => {
    const found = key === null ? -1 : windows ? windows.indexOf(key) : (indexOf.get(key) ?? -1);
    return found < 0 && windows ? Math.min(index, length - 1) : found;
  };
  const cursor: Cursor = { at: at(cursorPlace), anchor: at(anchorPlace) };

  const rowHeight = useRowHeight();
  const virtual = fill && length >= VIRTUAL_FROM;
  // The same function as long as the rows are the same: a new one makes the virtualizer measure all rows again.
  const itemKey = useCallback(
    (i: number) => {
      const row = sorted[i];
      return row === undefined ? i : rowKey(row);
    },
    [sorted, rowKey],
  );
  const virtualizer = useVirtualizer({
    count: length,
    enabled: virtual,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 4,
    getItemKey: itemKey,
    scrollPaddingStart: rowHeight,
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: measured again when the density changes
  useEffect(() => virtualizer.measure(), [rowHeight]);
  // Before it is painted: a hand that scrolls from then on is not sent back.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when it changes
  useLayoutEffect(() => {
    if (scroller.current) scroller.current.scrollTop = 0;
  }, [props.top]);

  const selectable = onSelected !== undefined;
  const { widths, pins } = useMemo(() => {
    const widths = columns.map((c) => widthOf(c.id, c.width ?? 160));
    // The first column is always pinned; how far from the left each pinned one stands.
    const pinnedUntil = columns.findIndex((c, i) => i > 0 && !c.pinned);
    const pins = widths.map((_, i) =>
      pinnedUntil < 0 || i < pinnedUntil
        ? widths.slice(0, i).reduce((a, b) => a + b, selectable ? CHECK_WIDTH : 0)
        : undefined,
    );
    return { widths, pins };
  }, [columns, widthOf, selectable]);
  const hasMenu = actions !== undefined || props.cellActions !== undefined;
  const template = [
    selectable ? `${CHECK_WIDTH}px` : "",
    ...widths.map((w) => `${w}px`),
    // The room that is left stands before the actions, so that columns stay where they were put.
    "minmax(0, 1fr)",
    hasMenu ? `${ACTION_WIDTH}px` : "",
  ].join(" ");
  const minWidth = widths.reduce(
    (a, b) => a + b,
    (selectable ? CHECK_WIDTH : 0) + (hasMenu ? ACTION_WIDTH : 0),
  );

  const keyAt = (index: number) => {
    const row = rowAt(index);
    return row === undefined ? null : rowKey(row);
  };
  const setCursor = (index: number) => setCursorPlace({ key: keyAt(index), index });
  const setAnchor = (index: number) => setAnchorPlace({ key: keyAt(index), index });
  /** Selects a stretch instead of what was selected. */
  const select = (from: number, to: number) => {
    if (!onSelected) return;
    if (windows) void windows.keys(from, to).then((keys) => onSelected(new Set(keys)));
    else onSelected(new Set(sorted.slice(from, to + 1).map(rowKey)));
  };
  const moveTo = (index: number) => {
    if (virtual) virtualizer.scrollToIndex(index, { align: "auto" });
    else document.getElementById(`${base}-${index}`)?.scrollIntoView?.({ block: "nearest" });
  };

  const copyRows = useCallback(() => {
    const under = cursorPlace.key === null ? [] : [cursorPlace.key];
    const keys = selected?.size ? selected : new Set(under);
    const chosen = windows
      ? [...keys].flatMap((key) => windows.rowOf(key) ?? [])
      : sorted.filter((r) => keys.has(rowKey(r)));
    if (chosen.length === 0) return;
    const text = tsv([columns.map(headerText), ...chosen.map((r) => columns.map((c) => c.text(r)))]);
    void navigator.clipboard
      ?.writeText(text)
      .then(() => setAnnounced(t("views.table.copied", { n: chosen.length })));
  }, [selected, sorted, windows, rowKey, columns, cursorPlace]);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    // A box that a screen reader has put the focus on.
    const box = (event.target as HTMLElement)
      .closest("[role=checkbox]")
      ?.closest<HTMLElement>("[data-index]");
    if (box && event.key === " ") {
      event.preventDefault();
      toggle(Number(box.dataset.index));
      return;
    }
    if (event.target !== grid.current) return;
    const ctrl = event.ctrlKey || event.metaKey;
    if (ctrl && event.key.toLowerCase() === "c" && !document.getSelection()?.toString()) {
      event.preventDefault();
      copyRows();
      return;
    }
    if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      const button = document.getElementById(`${base}-${cursor.at}`)?.querySelector("[data-row-menu]");
      if (button) {
        event.preventDefault();
        openMenu(cursor.at, null, button, null);
      }
      return;
    }
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 320) / rowHeight) - 1);
    const next = step(cursor, length, page, {
      key: event.key,
      shift: event.shiftKey && selectable,
      ctrl,
    });
    if (next) {
      if (event.key === "Escape" && !selected?.size && !active) return;
      event.preventDefault();
      setCursor(next.cursor.at);
      setAnchor(next.cursor.anchor);
      if (next.cursor.at >= 0) moveTo(next.cursor.at);
      if (onSelected) {
        if (next.range) select(...next.range);
        else if (next.toggle !== undefined) toggle(next.toggle);
        else if (next.all) select(0, length - 1);
        else if (next.none) onSelected(new Set());
      }
      if (next.none) onActive?.(null);
      if (next.open !== undefined) {
        const row = rowAt(next.open);
        if (row !== undefined) {
          if (ctrl || !onActive) onOpen?.(row);
          else onActive(rowKey(row));
        }
      } else if (active && onActive && next.cursor.at >= 0 && !next.none) onActive(keyAt(next.cursor.at));
      return;
    }
    if (event.key.length === 1 && !ctrl && !event.altKey && columns[0]) {
      const now = event.timeStamp;
      const text = now - typed.current.at < 800 ? typed.current.text + event.key : event.key;
      typed.current = { text, at: now };
      const first = columns[0];
      const start = text.length === 1 ? cursor.at + 1 : Math.max(cursor.at, 0);
      const found = typeAhead(
        (i) => {
          const row = rowAt(i);
          return row === undefined ? "" : first.text(row);
        },
        length,
        start,
        text,
      );
      if (found >= 0) {
        event.preventDefault();
        setCursor(found);
        setAnchor(found);
        moveTo(found);
      }
    }
  };

  const toggle = (index: number) => {
    const key = keyAt(index);
    if (key === null || !onSelected) return;
    const next = new Set(selected);
    if (next.has(key)) next.delete(key);
    else next.add(key);
    onSelected(next);
  };
  /** Opens the menu of a row at an element, or of a cell at the pointer. The focus waits in the grid. */
  const openMenu = (index: number, column: string | null, at: Element | null, point: OpenMenu["point"]) => {
    const key = keyAt(index);
    if (key === null) return;
    grid.current?.focus({ preventScroll: true });
    setCursor(index);
    setAnchor(index);
    menuAt.current = at;
    setMenu({ key, column, point });
  };
  /** The row that was pressed, unless it was something in it that has its own press. */
  const pressed = (event: MouseEvent, without: string) => {
    const target = event.target as HTMLElement;
    const index = Number(target.closest<HTMLElement>("[data-index]")?.dataset.index ?? Number.NaN);
    const row = Number.isNaN(index) || target.closest(without) ? undefined : rowAt(index);
    return row === undefined ? null : { index, row, target };
  };
  /** The cell of a row that something is in, and its column. */
  const columnAt = (target: HTMLElement) => {
    const cell = target.closest<HTMLElement>("[role=rowheader], [role=gridcell]");
    const place = cell?.parentElement ? [...cell.parentElement.children].indexOf(cell) : -1;
    const column = columns[place - Number(selectable)];
    return cell && column ? { cell, column } : null;
  };
  const onRowClick = (event: MouseEvent) => {
    const button = (event.target as HTMLElement).closest("[data-row-menu]");
    const of = pressed(event, "a, input, button:not([data-row-menu])");
    if (!of) return;
    const { index, row } = of;
    if (button) {
      openMenu(index, null, button, null);
      return;
    }
    setCursor(index);
    grid.current?.focus({ preventScroll: true });
    if ((event.target as HTMLElement).closest("[role=checkbox]")) {
      setAnchor(index);
      toggle(index);
      return;
    }
    if (onSelected && event.shiftKey && cursor.anchor >= 0) {
      select(Math.min(cursor.anchor, index), Math.max(cursor.anchor, index));
      return;
    }
    setAnchor(index);
    if (onSelected && (event.ctrlKey || event.metaKey)) toggle(index);
    else if (onActive) onActive(rowKey(row));
    else onOpen?.(row);
  };
  const onRowMenu = (event: MouseEvent) => {
    const of = pressed(event, "a, input");
    // Selected words have the menu of the window: they are there to be copied.
    if (!of || !hasMenu || document.getSelection()?.toString()) return;
    event.preventDefault();
    openMenu(of.index, columnAt(of.target)?.column.id ?? null, null, { x: event.clientX, y: event.clientY });
  };
  const onRowHover = (event: MouseEvent) => {
    const of = pressed(event, "a, input, button");
    const over = of && of.index !== cursor.at && columnAt(of.target);
    if (over) over.cell.title = titleOf(over.column, of.row);
  };
  // The row of the cursor has titles of its own; of all others none stays that a change would make untrue.
  const onRowLeave = (event: MouseEvent) => {
    const of = pressed(event, "a, input, button");
    if (of && of.index !== cursor.at) columnAt(of.target)?.cell.removeAttribute("title");
  };
  const menuRow =
    menu === null ? undefined : windows ? windows.rowOf(menu.key) : rowAt(at({ key: menu.key, index: -1 }));
  const menuOf = (row: Row) => {
    const { cellActions } = props;
    const label = cellActions?.label ?? "";
    const ofCell = menu?.column != null ? (cellActions?.of(row, menu.column) ?? []) : [];
    const ofAll = ofCell.length > 0 ? [] : columns.flatMap((c) => cellActions?.of(row, c.id) ?? []);
    return {
      items: actions?.(row) ?? [],
      cell: ofCell.length > 0 ? { label, items: ofCell } : null,
      cells: ofAll.length > 0 ? { label, items: ofAll } : null,
    };
  };

  const onSortHeader = (column: Column<Row>) => {
    const next = { id: column.id, desc: sort?.id === column.id ? !sort.desc : column.align === "end" };
    if (props.onSort) props.onSort(next);
    else setOwnSort(next);
  };

  const items = virtual
    ? virtualizer.getVirtualItems().map((v) => ({ index: v.index, top: v.start }))
    : Array.from({ length }, (_, index) => ({ index, top: index * rowHeight }));
  const firstShown = virtual ? (virtualizer.range?.startIndex ?? 0) : 0;
  const lastShown = items[items.length - 1]?.index ?? 0;
  const onRange = windows?.onRange;
  useEffect(() => {
    // Of rows that went to their top, the range before is shown until the scroll is heard of.
    const first = scroller.current?.scrollTop === 0 ? 0 : firstShown;
    onRange?.(first, lastShown - firstShown + first);
  }, [onRange, firstShown, lastShown]);

  const count = props.total ?? length;
  const noun = props.noun ?? ((n: number) => t("views.table.rows", { n }));
  const all =
    length > 0 &&
    selected !== undefined &&
    (windows ? selected.size >= length : sorted.every((r) => selected.has(rowKey(r))));

  return (
    <div className={fill ? styles.fill : styles.content}>
      <div ref={scroller} className={styles.scroller}>
        <div
          ref={grid}
          role="grid"
          aria-label={label}
          aria-rowcount={count + 1}
          aria-colcount={columns.length + Number(selectable) + Number(hasMenu)}
          aria-multiselectable={selectable || undefined}
          aria-activedescendant={cursor.at >= 0 ? `${base}-${cursor.at}` : undefined}
          aria-busy={props.loading || undefined}
          tabIndex={0}
          className={styles.grid}
          style={{ "--template": template, minWidth } as CSSProperties}
          onKeyDown={onKeyDown}
          onFocus={(e) => {
            if (e.target === grid.current && cursor.at < 0 && length > 0) {
              const first = Math.max(0, active ? at({ key: active, index: 0 }) : 0);
              setCursor(first);
              setAnchor(first);
            }
          }}
        >
          <div role="rowgroup" className={styles.head}>
            {/* biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus */}
            <div role="row" aria-rowindex={1} className={styles.row}>
              {selectable && (
                // biome-ignore lint/a11y/useFocusableInteractive: its checkbox is focusable
                <div role="columnheader" className={styles.check} aria-label={t("views.table.selectColumn")}>
                  <input
                    type="checkbox"
                    aria-label={t("views.table.selectAll")}
                    checked={all}
                    ref={(el) => {
                      if (el) el.indeterminate = !all && (selected?.size ?? 0) > 0;
                    }}
                    onChange={() => (all ? onSelected?.(new Set()) : select(0, length - 1))}
                  />
                </div>
              )}
              {columns.map((c, i) => (
                <HeaderCell
                  key={c.id}
                  column={c}
                  first={i === 0}
                  offset={pins[i]}
                  width={widths[i] ?? 160}
                  sorted={sort?.id === c.id ? (sort.desc ? "descending" : "ascending") : undefined}
                  onSort={c.sort === null ? undefined : () => onSortHeader(c)}
                  onWidth={(w) => setWidth(c.id, Math.max(c.min ?? 56, Math.round(w)))}
                />
              ))}
              {hasMenu && (
                // biome-ignore lint/a11y/useFocusableInteractive: nothing to focus in this header
                <div role="columnheader" className={styles.actions}>
                  <span className={styles.hidden}>{t("views.table.actionsColumn")}</span>
                </div>
              )}
            </div>
          </div>
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys */}
          {/* biome-ignore lint/a11y/useKeyWithMouseEvents: the row of the cursor has its titles already */}
          <div
            role="rowgroup"
            className={styles.body}
            style={virtual ? { height: virtualizer.getTotalSize() } : undefined}
            onClick={onRowClick}
            onDoubleClick={(e) => {
              const of = pressed(e, "button, a, input, [role=checkbox]");
              if (of) onOpen?.(of.row);
            }}
            onContextMenu={onRowMenu}
            onMouseOver={onRowHover}
            onMouseOut={onRowLeave}
          >
            {items.map(({ index, top }) => {
              const row = rowAt(index);
              if (row === undefined && !windows) return null;
              const key = row === undefined ? null : rowKey(row);
              return (
                <TableRow
                  key={key ?? index}
                  id={`${base}-${index}`}
                  row={row}
                  index={index}
                  top={virtual ? top : undefined}
                  columns={columns}
                  pins={pins}
                  selected={selectable ? key !== null && (selected?.has(key) ?? false) : undefined}
                  active={key !== null && key === active}
                  cursor={index === cursor.at}
                  menu={
                    !hasMenu
                      ? undefined
                      : row !== undefined && !props.cellActions && actions?.(row).length === 0
                        ? "none"
                        : menu !== null && menu.key === key
                          ? "open"
                          : "closed"
                  }
                />
              );
            })}
          </div>
        </div>
        {props.loading && length === 0 && (
          <div className={styles.loading}>
            <LoadingShape rows={8} />
          </div>
        )}
        {!props.loading && length === 0 && (
          <div className={styles.empty}>{props.empty === undefined ? t("views.noRows") : props.empty}</div>
        )}
      </div>
      {fill && (
        <div className={styles.foot}>
          <span>
            {length === 0 && (props.loading || props.empty === null)
              ? ""
              : length < count
                ? t("views.table.of", {
                    shown: numberFormat(currentLocale(), {}).format(length),
                    total: noun(count),
                  })
                : noun(count)}
          </span>
          {selected && selected.size > 0 && <span>{t("views.table.selected", { n: selected.size })}</span>}
          <span role="status" className={styles.said}>
            {announced}
          </span>
        </div>
      )}
      {menu !== null && menuRow !== undefined && (
        <>
          {menu.point && (
            <span
              aria-hidden
              className={styles.point}
              style={{ left: menu.point.x, top: menu.point.y }}
              ref={(el) => {
                if (el) menuAt.current = el;
              }}
            />
          )}
          <RowMenu
            label={t("views.table.actions", { name: columns[0]?.text(menuRow) ?? "" })}
            anchor={menuAt}
            placement={menu.point ? "bottom start" : "bottom end"}
            {...menuOf(menuRow)}
            onClose={() => setMenu(null)}
          />
        </>
      )}
    </div>
  );
}
