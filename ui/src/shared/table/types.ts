import type { ReactNode } from "react";
import type { SortValue } from "./selection";

export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  /** Behind the header, also where that is cut: what kind of value it is. */
  readonly mark?: string;
  /** What the column shows, in a sentence. */
  readonly hint?: string;
  /** Why it cannot be sorted by, in a sentence. */
  readonly unsorted?: string;
  /** What is drawn; without it, `text`. */
  readonly cell?: (row: Row) => ReactNode;
  /** `cell` draws nothing but text: it is cut with an ellipsis and needs no layout of its own. */
  readonly plain?: boolean;
  /** What a plain cell says under the pointer, where that is more than `text`. */
  readonly title?: (row: Row) => string;
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

/** The header in one line of text. */
export const headerText = ({ header, mark }: { header: string; mark?: string }) =>
  mark === undefined ? header : `${header} ${mark}`;

export interface RowAction {
  readonly id: string;
  readonly label: string;
  readonly onAction: () => void;
  readonly danger?: boolean;
  readonly disabled?: boolean;
}

/** What can be done with the value of a cell. */
export interface CellActions<Row> {
  /** What these actions are about, over them in a menu. */
  readonly label: string;
  readonly of: (row: Row, column: string) => readonly RowAction[];
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
  /** The same list as long as the columns are the same: a new one draws every row again. */
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
  /** By right click on a cell, and for every column in the menu of its row. */
  readonly cellActions?: CellActions<Row>;
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
