import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import {
  type CSSProperties,
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { Button as AriaButton } from "react-aria-components";
import { ActionsMenu, LoadingShape } from "../components";
import { currentLocale, t } from "../i18n";
import styles from "./table.module.css";
import { type Cursor, type SortValue, compare, step, tsv, typeAhead } from "./selection";
import { useRowHeight } from "./rowHeight";
import { useWidths } from "./widths";

export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  /** What is drawn; without it, `text`. */
  readonly cell?: (row: Row) => ReactNode;
  /** The cell as text: for copying, type-ahead and, without `sort`, sorting. */
  readonly text: (row: Row) => string;
  /** What the column sorts by; null when the column cannot sort. */
  readonly sort?: ((row: Row) => SortValue) | null;
  readonly width?: number;
  readonly min?: number;
  readonly align?: "end";
  readonly mono?: boolean;
  /** Stays at the left with the first column, when all columns before it do. */
  readonly pinned?: boolean;
}

export interface RowAction {
  readonly id: string;
  readonly label: string;
  readonly onAction: () => void;
  readonly danger?: boolean;
  readonly disabled?: boolean;
}

export interface Sort {
  readonly id: string;
  readonly desc: boolean;
}

/** Rows that are read as they come into view. */
export interface RowWindows<Row> {
  /** How many there are, read or not. */
  readonly total: number;
  readonly at: (index: number) => Row | undefined;
  /** Where a row stands; -1 when it is not among those read. */
  readonly indexOf: (key: string) => number;
  /** A selected row, also when it is out of view. */
  readonly rowOf: (key: string) => Row | undefined;
  /** Called with the places in view. */
  readonly onRange: (from: number, to: number) => void;
  /** The keys of a stretch of rows, read where they are not there yet. */
  readonly keys: (from: number, to: number) => Promise<readonly string[]>;
}

export interface DataTableProps<Row> {
  /** Key of the column widths kept on this computer. */
  readonly id: string;
  readonly label: string;
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
  readonly sort?: Sort;
  readonly onSort?: (sort: Sort) => void;
  readonly selected?: ReadonlySet<string>;
  readonly onSelected?: (selected: Set<string>) => void;
  /** The row whose drawer is open. */
  readonly active?: string | null;
  readonly onActive?: (key: string | null) => void;
  readonly onOpen?: (row: Row) => void;
  readonly actions?: (row: Row) => readonly RowAction[];
  readonly loading?: boolean;
  readonly empty?: ReactNode;
  /** The exact number of rows there are when `rows` is a part of them. */
  readonly total?: number;
  /** "12 runs"; without it "12 rows". */
  readonly noun?: (n: number) => string;
  /** `fill` scrolls inside its parent; `content` is as high as its rows, for small tables. */
  readonly height?: "fill" | "content";
  /** Instead of `rows` (which stays empty) where there are too many to have them all. */
  readonly windows?: RowWindows<Row>;
  /** Goes back to the first row when it changes. */
  readonly top?: string | number;
}

/** A row by its key, and by where it stood for one that is not read yet. */
interface Place {
  readonly key: string | null;
  readonly index: number;
}
const NOWHERE: Place = { key: null, index: -1 };

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
    overscan: 12,
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
  const widths = columns.map((c) => widthOf(c.id, c.width ?? 160));
  // The first column is always pinned; how far from the left each pinned one stands.
  const pinnedUntil = columns.findIndex((c, i) => i > 0 && !c.pinned);
  const pins = widths.map((_, i) =>
    pinnedUntil < 0 || i < pinnedUntil
      ? widths.slice(0, i).reduce((a, b) => a + b, selectable ? CHECK_WIDTH : 0)
      : undefined,
  );
  const template = [
    selectable ? `${CHECK_WIDTH}px` : "",
    ...widths.map((w) => `${w}px`),
    // The room that is left stands before the actions, so that columns stay where they were put.
    "minmax(0, 1fr)",
    actions ? `${ACTION_WIDTH}px` : "",
  ].join(" ");
  const minWidth = widths.reduce(
    (a, b) => a + b,
    (selectable ? CHECK_WIDTH : 0) + (actions ? ACTION_WIDTH : 0),
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
    const text = tsv([columns.map((c) => c.header), ...chosen.map((r) => columns.map((c) => c.text(r)))]);
    void navigator.clipboard
      ?.writeText(text)
      .then(() => setAnnounced(t("views.table.copied", { n: chosen.length })));
  }, [selected, sorted, windows, rowKey, columns, cursorPlace]);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.target !== grid.current) return;
    const ctrl = event.ctrlKey || event.metaKey;
    if (ctrl && event.key.toLowerCase() === "c" && !document.getSelection()?.toString()) {
      event.preventDefault();
      copyRows();
      return;
    }
    if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      const menu = document
        .getElementById(`${base}-${cursor.at}`)
        ?.querySelector<HTMLElement>("[data-row-menu] button");
      if (menu) {
        event.preventDefault();
        menu.focus();
        menu.click();
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
  useEffect(() => onRange?.(firstShown, lastShown), [onRange, firstShown, lastShown]);

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
          aria-colcount={columns.length + Number(selectable) + Number(actions !== undefined)}
          aria-multiselectable={selectable || undefined}
          aria-activedescendant={cursor.at >= 0 ? `${base}-${cursor.at}` : undefined}
          aria-busy={props.loading || undefined}
          tabIndex={0}
          className={styles.grid}
          style={{ "--template": template, minWidth } as CSSProperties}
          onKeyDown={onKeyDown}
          // From the menu of a row back to the row; the button keeps its keys from what is around it.
          onKeyDownCapture={(e) => {
            if (e.key !== "Escape" || !(e.target as HTMLElement).closest("[data-row-menu]")) return;
            e.stopPropagation();
            grid.current?.focus({ preventScroll: true });
          }}
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
              {actions && (
                // biome-ignore lint/a11y/useFocusableInteractive: nothing to focus in this header
                <div role="columnheader" className={styles.actions}>
                  <span className={styles.hidden}>{t("views.table.actionsColumn")}</span>
                </div>
              )}
            </div>
          </div>
          <div
            role="rowgroup"
            className={styles.body}
            style={virtual ? { height: virtualizer.getTotalSize() } : undefined}
          >
            {items.map(({ index, top }) => {
              const row = rowAt(index);
              const place = virtual
                ? ({ position: "absolute", top: 0, transform: `translateY(${top}px)` } as const)
                : undefined;
              if (row === undefined) {
                if (!windows) return null;
                return (
                  // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
                  <div
                    key={index}
                    id={`${base}-${index}`}
                    role="row"
                    aria-rowindex={index + 2}
                    data-cursor={index === cursor.at || undefined}
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
              const key = rowKey(row);
              const name = columns[0]?.text(row) ?? key;
              const isSelected = selected?.has(key) ?? false;
              return (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys
                // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
                <div
                  key={key}
                  id={`${base}-${index}`}
                  role="row"
                  aria-rowindex={index + 2}
                  aria-selected={selectable ? isSelected : key === active || undefined}
                  data-cursor={index === cursor.at || undefined}
                  data-active={key === active || undefined}
                  data-selected={isSelected || undefined}
                  className={styles.row}
                  style={place}
                  onClick={(e) => {
                    if ((e.target as HTMLElement).closest("button, a, input, [role=menu]")) return;
                    setCursor(index);
                    grid.current?.focus({ preventScroll: true });
                    if (onSelected && e.shiftKey && cursor.anchor >= 0) {
                      select(Math.min(cursor.anchor, index), Math.max(cursor.anchor, index));
                      return;
                    }
                    setAnchor(index);
                    if (onSelected && (e.ctrlKey || e.metaKey)) toggle(index);
                    else if (onActive) onActive(key);
                    else onOpen?.(row);
                  }}
                  onDoubleClick={() => onOpen?.(row)}
                >
                  {selectable && (
                    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
                    <div role="gridcell" className={styles.check}>
                      <input
                        type="checkbox"
                        tabIndex={-1}
                        aria-label={t("views.table.selectRow", { name })}
                        checked={isSelected}
                        onChange={() => {
                          setCursor(index);
                          setAnchor(index);
                          toggle(index);
                        }}
                      />
                    </div>
                  )}
                  {columns.map((c, i) => (
                    <div
                      key={c.id}
                      role={i === 0 ? "rowheader" : "gridcell"}
                      className={styles.cell}
                      data-first={i === 0 || undefined}
                      data-align={c.align}
                      data-mono={c.mono || undefined}
                      data-pinned={pins[i] === undefined ? undefined : true}
                      style={{ left: pins[i] }}
                    >
                      {c.cell ? c.cell(row) : <span title={c.text(row)}>{c.text(row)}</span>}
                    </div>
                  ))}
                  {actions && (
                    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
                    <div role="gridcell" className={styles.actions} data-row-menu>
                      <RowMenu label={t("views.table.actions", { name })} items={actions(row)} />
                    </div>
                  )}
                </div>
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
            {props.loading && length === 0
              ? ""
              : length < count
                ? t("views.table.of", {
                    shown: new Intl.NumberFormat(currentLocale()).format(length),
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
    </div>
  );
}

function RowMenu({ label, items }: { label: string; items: readonly RowAction[] }) {
  if (items.length === 0) return null;
  return <ActionsMenu excludeFromTabOrder label={label} items={[...items]} />;
}

interface HeaderCellProps<Row> {
  readonly column: Column<Row>;
  readonly first: boolean;
  readonly offset: number | undefined;
  readonly width: number;
  readonly sorted: "ascending" | "descending" | undefined;
  readonly onSort: (() => void) | undefined;
  readonly onWidth: (width: number) => void;
}

function HeaderCell<Row>({ column, first, offset, width, sorted, onSort, onWidth }: HeaderCellProps<Row>) {
  const start = useRef<{ x: number; width: number } | null>(null);
  const help = useId();
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: its button is focusable
    <div
      role="columnheader"
      aria-sort={sorted ?? (onSort ? "none" : undefined)}
      className={styles.cell}
      data-first={first || undefined}
      data-align={column.align}
      data-pinned={offset === undefined ? undefined : true}
      style={{ left: offset }}
      onKeyDown={(e) => {
        if (!e.altKey || (e.key !== "ArrowLeft" && e.key !== "ArrowRight")) return;
        e.preventDefault();
        e.stopPropagation();
        onWidth(width + (e.key === "ArrowRight" ? 16 : -16));
      }}
    >
      {onSort ? (
        <AriaButton className={styles.sort ?? ""} onPress={onSort} aria-describedby={help}>
          <span>{column.header}</span>
          {sorted === "ascending" && <ArrowUp size={12} aria-hidden />}
          {sorted === "descending" && <ArrowDown size={12} aria-hidden />}
        </AriaButton>
      ) : (
        <span className={styles.title}>{column.header}</span>
      )}
      <span id={help} className={styles.hidden}>
        {t("views.table.resize", { column: column.header })}
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
