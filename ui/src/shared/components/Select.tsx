import { Check, ChevronDown } from "lucide-react";
import { useState } from "react";
import {
  Button as AriaButton,
  ListBox,
  ListBoxItem,
  Popover,
  Select as AriaSelect,
  SelectValue,
  Text,
} from "react-aria-components";
import { t } from "../i18n";
import { classes } from "./classes";
import { FieldLabel, FieldNotes, type FieldProps } from "./Fields";
import styles from "./Fields.module.css";
import { Findable, LISTED, SEARCHED } from "./Findable";
import menu from "./Menu.module.css";

export interface Option<T extends string> {
  value: T;
  label: string;
  detail?: string;
  disabled?: boolean;
}

/** One of several: a button with a list, which can be searched where it is long. */
export function Select<T extends string>(
  props: FieldProps & {
    value: T | null;
    onChange: (value: T) => void;
    options: readonly Option<T>[];
    placeholder?: string;
  },
) {
  const { options } = props;
  const [find, setFind] = useState("");
  const current = options.find((option) => option.value === props.value);
  const wanted = find.trim().toLocaleLowerCase();
  const found = options.filter((option) => option.label.toLocaleLowerCase().includes(wanted));
  const listed = found.slice(0, LISTED);
  // What is chosen is in the list that opens, however long that is.
  if (wanted === "" && current && !listed.includes(current)) listed.unshift(current);
  const more = found.length - Math.min(found.length, LISTED);
  const list = (
    <ListBox
      className={menu.menu ?? ""}
      renderEmptyState={() => <p className={menu.nothing}>{t("fields.nothingFound")}</p>}
    >
      {listed.map((option) => (
        <ListBoxItem
          key={option.value}
          id={option.value}
          textValue={option.label}
          className={menu.item ?? ""}
        >
          <Text slot="label">{option.label}</Text>
          {option.detail ? (
            <Text slot="description" className={menu.detail ?? ""}>
              {option.detail}
            </Text>
          ) : null}
          <Check size={14} className={menu.tick} aria-hidden />
        </ListBoxItem>
      ))}
    </ListBox>
  );
  return (
    <AriaSelect
      className={styles.field ?? ""}
      selectedKey={props.value}
      onSelectionChange={(key) => {
        const option = options.find((each) => each.value === key);
        if (option) props.onChange(option.value);
      }}
      onOpenChange={() => setFind("")}
      disabledKeys={options.filter((option) => option.disabled).map((option) => option.value)}
      isInvalid={Boolean(props.error)}
      isRequired={props.isRequired ?? false}
      isDisabled={props.isDisabled ?? false}
      autoFocus={props.autoFocus ?? false}
      validationBehavior="aria"
    >
      <FieldLabel {...props} />
      <div className={styles.box} data-invalid={Boolean(props.error)} data-disabled={props.isDisabled}>
        <AriaButton className={styles.selectButton ?? ""}>
          <SelectValue className={classes(styles.selectValue, !current && styles.placeholder)}>
            {current?.label ?? props.placeholder ?? t("fields.choose")}
          </SelectValue>
          <ChevronDown size={15} aria-hidden />
        </AriaButton>
      </div>
      <FieldNotes {...props} />
      <Popover className={menu.popover ?? ""} offset={4}>
        <Findable many={options.length > SEARCHED} find={find} onFind={setFind} more={more}>
          {list}
        </Findable>
      </Popover>
    </AriaSelect>
  );
}
