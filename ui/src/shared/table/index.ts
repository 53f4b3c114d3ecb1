export {
  type Column,
  DataTable,
  type DataTableProps,
  type RowAction,
  type RowWindows,
  type Sort,
} from "./DataTable";
export { tsv } from "./selection";
