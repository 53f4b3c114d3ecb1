import type { ReactNode } from "react";
import { Tab, TabList, TabPanel, Tabs as AriaTabs } from "react-aria-components";
import { formatNumber } from "../format";
import { classes } from "./classes";
import styles from "./Tabs.module.css";

export interface TabSpec<T extends string> {
  id: T;
  label: string;
  count?: number | null;
  /** The panel's content does its own scrolling and padding. */
  fill?: boolean;
  panel: ReactNode;
}

/** Views of one thing. Put it into a `<Page fill>`; keep `value` in the address. */
export function Tabs<T extends string>(props: {
  label: string;
  value: T;
  onChange: (id: T) => void;
  tabs: readonly TabSpec<T>[];
}) {
  return (
    <AriaTabs
      className={styles.tabs ?? ""}
      selectedKey={props.value}
      onSelectionChange={(key) => {
        const tab = props.tabs.find((each) => each.id === key);
        if (tab) props.onChange(tab.id);
      }}
    >
      <TabList className={styles.list ?? ""} aria-label={props.label}>
        {props.tabs.map((tab) => (
          <Tab key={tab.id} id={tab.id} className={styles.tab ?? ""}>
            {tab.label}
            {tab.count == null ? null : <span className={styles.count}>{formatNumber(tab.count)}</span>}
          </Tab>
        ))}
      </TabList>
      {props.tabs.map((tab) => (
        <TabPanel key={tab.id} id={tab.id} className={classes(styles.panel, tab.fill && styles.fill)}>
          {tab.panel}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
