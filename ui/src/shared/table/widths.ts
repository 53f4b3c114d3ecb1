import { useCallback, useState } from "react";

function read(id: string): Record<string, number> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(`skerry.table.${id}`) ?? "{}");
    if (kept === null || typeof kept !== "object") return {};
    return Object.fromEntries(
      Object.entries(kept).filter((e): e is [string, number] => typeof e[1] === "number" && e[1] > 0),
    );
  } catch {
    // Unreadable or forbidden storage: the columns have their own widths.
    return {};
  }
}

/** Column widths of one view, kept on this computer. */
export function useWidths(id: string) {
  const [kept, setKept] = useState(() => read(id));
  const widthOf = useCallback((column: string, usual: number) => kept[column] ?? usual, [kept]);
  const setWidth = useCallback(
    (column: string, width: number) => {
      setKept((now) => {
        const next = { ...now, [column]: width };
        try {
          localStorage.setItem(`skerry.table.${id}`, JSON.stringify(next));
        } catch {
          // The width holds until the window closes.
        }
        return next;
      });
    },
    [id],
  );
  return { widthOf, setWidth };
}
