import { useEffect, useRef } from "react";
import { t } from "../i18n";
import { Button } from "./Button";
import { Banner } from "./Feedback";

/** So much of a long text is shown. */
const SHOWN = 300;

/** Says that somebody else changed what is being edited: nothing is lost until one of the two is chosen. */
export function Overtaken(props: {
  /** What stands there now; null when it is gone. */
  theirs: string | null;
  onTake: () => void;
  onReplace: (() => void) | undefined;
}) {
  const { theirs } = props;
  const whole = useRef<HTMLDivElement>(null);
  // At the edge of the window it would not be seen.
  useEffect(() => {
    whole.current?.scrollIntoView?.({ block: "nearest" });
  }, []);
  return (
    <div role="alert" ref={whole}>
      <Banner
        kind="notice"
        title={t(theirs === null ? "overtaken.removed" : "overtaken.changed")}
        actions={
          <>
            <Button size="small" onPress={props.onTake}>
              {t(theirs === null ? "overtaken.leave" : "overtaken.take")}
            </Button>
            {props.onReplace && (
              <Button size="small" onPress={props.onReplace}>
                {t("overtaken.replace")}
              </Button>
            )}
          </>
        }
      >
        {theirs !== null && (
          <bdi>{theirs.length > SHOWN ? `${theirs.slice(0, SHOWN)}…` : theirs || t("overtaken.empty")}</bdi>
        )}
      </Banner>
    </div>
  );
}
