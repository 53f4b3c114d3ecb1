import { createContext, type ReactNode, useContext, useMemo } from "react";
import { type SeriesStyle, styles } from "./palette";

type ById = ReadonlyMap<string, SeriesStyle>;
const Around = createContext<ById | null>(null);

/** Whatever is drawn inside has these ids in one look each, also where only some of them are shown. */
export function Looks(props: { ids: readonly string[]; children: ReactNode }) {
  const looks = useMemo(() => styles(props.ids), [props.ids]);
  return <Around value={looks}>{props.children}</Around>;
}

/** How each id looks: as all around it has it, or among themselves. */
export function useLooks(ids: readonly string[]): ById {
  const around = useContext(Around);
  return useMemo(() => (around && ids.every((id) => around.has(id)) ? around : styles(ids)), [around, ids]);
}
