export { DataTable } from "./DataTable";
export { tsv } from "./selection";
export { headerText } from "./types";
export type { CellActions, Column, DataTableProps, RowAction, RowWindows, Sort } from "./types";
