import { useMemo } from "react";
import type { RunRow } from "../../bindings/api";
import type { Known } from "./complete";
import { columnKey, paramOf } from "./values";

/** So many values of a column are offered. */
const VALUES = 200;

function valueIn(row: RunRow, column: string): string | null | undefined {
  const { kind, key } = columnKey(column);
  if (kind === "params") return paramOf(row, key);
  if (kind === "tags") return row.tags.find((tag) => tag.key === key)?.value;
  return key === "user_id" ? row.user : key === "run_name" ? row.name : null;
}

/** What a filter can ask for: the keys that the program told of, and the tags and values of the rows read. */
export function useFilterKnown(read: {
  readonly pages: ReadonlyMap<number, readonly RunRow[]>;
  readonly metricKeys: readonly string[];
  readonly paramKeys: readonly string[];
}): Known {
  const { pages, metricKeys, paramKeys } = read;
  return useMemo(() => {
    const rows = () => [...pages.values()].flat();
    let tags: readonly string[] | null = null;
    return {
      metrics: metricKeys,
      params: paramKeys,
      get tags() {
        tags ??= [...new Set(rows().flatMap((row) => row.tags.map((tag) => tag.key)))].sort();
        return tags;
      },
      values: (column: string) =>
        [...new Set(rows().flatMap((row) => valueIn(row, column) ?? []))].sort().slice(0, VALUES),
    };
  }, [pages, metricKeys, paramKeys]);
}
