export { type Column, DataTable, type DataTableProps, type RowAction, type Sort } from "./DataTable";
export { tsv } from "./selection";
