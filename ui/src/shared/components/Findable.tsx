import { Search } from "lucide-react";
import type { ReactNode } from "react";
import { Autocomplete, Input, SearchField } from "react-aria-components";
import { t } from "../i18n";
import menu from "./Menu.module.css";

/** More entries than this have a field to find one by. */
export const SEARCHED = 12;
/** So many are listed at once; the field finds the others. */
export const LISTED = 100;

/** A list in a popover, under a field to find an entry by where there are many. */
export function Findable(props: {
  many: boolean;
  find: string;
  onFind: (find: string) => void;
  /** So many that were found are not listed. */
  more: number;
  children: ReactNode;
}) {
  return (
    <>
      {props.many ? (
        <Autocomplete inputValue={props.find} onInputChange={props.onFind}>
          <SearchField className={menu.find ?? ""} aria-label={t("fields.find")} autoFocus>
            <Search size={14} aria-hidden />
            <Input placeholder={t("fields.find")} />
          </SearchField>
          {props.children}
        </Autocomplete>
      ) : (
        props.children
      )}
      {props.more > 0 && <p className={menu.nothing}>{t("fields.more", { n: props.more })}</p>}
    </>
  );
}
