import { Button } from "../../shared/components";
import styles from "./runs.module.css";

/** Values that a field is likely to get, to be picked. */
export function Suggestions(props: {
  values: readonly (string | null)[];
  current: string;
  onPick: (value: string) => void;
}) {
  const values = [
    ...new Set(props.values.filter((v): v is string => v !== null && v !== "" && v !== props.current)),
  ].slice(0, 4);
  if (values.length === 0) return null;
  return (
    <div className={styles.suggestions}>
      {values.map((v) => (
        <Button key={v} size="small" onPress={() => props.onPick(v)}>
          {v}
        </Button>
      ))}
    </div>
  );
}
