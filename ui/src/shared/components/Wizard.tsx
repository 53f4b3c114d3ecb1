import { Check, X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { t } from "../i18n";
import { Button } from "./Button";
import styles from "./Wizard.module.css";

export interface WizardStep<T extends string> {
  id: T;
  label: string;
  state: "todo" | "active" | "done" | "error";
  /** What was decided there, in a few words. */
  summary?: string;
}

/** Steps on the left, one decision on the right, the way on below. */
export function Wizard<T extends string>(props: {
  title: string;
  steps: readonly WizardStep<T>[];
  current: T;
  /** Goes to a step that is done already; going back loses nothing. */
  onStep: (id: T) => void;
  onClose: () => void;
  closeLabel: string;
  closeHint?: string;
  /** The step's own title and lead. */
  heading: string;
  lead?: ReactNode;
  footer: ReactNode;
  children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  const content = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new step is what may have lost the focus
  useEffect(() => {
    content.current?.scrollTo?.({ top: 0 });
    const lost = document.activeElement === null || document.activeElement === document.body;
    if (lost) heading.current?.focus();
  }, [props.current]);
  useEffect(() => {
    document.title = `${props.title} · Skerry`;
  }, [props.title]);
  return (
    <div className={styles.wizard}>
      <nav className={styles.side} aria-label={props.title}>
        <h1>{props.title}</h1>
        <ol className={styles.steps}>
          {props.steps.map((step, index) => (
            <li key={step.id}>
              <button
                type="button"
                className={styles.step}
                data-state={step.state}
                aria-current={step.id === props.current ? "step" : undefined}
                disabled={step.state === "todo"}
                onClick={() => props.onStep(step.id)}
              >
                <span className={styles.mark} aria-hidden>
                  {step.state === "done" ? (
                    <Check size={12} strokeWidth={3} />
                  ) : step.state === "error" ? (
                    <X size={12} strokeWidth={3} />
                  ) : (
                    index + 1
                  )}
                </span>
                <span>
                  {step.label}
                  <span className="visually-hidden">
                    {step.state === "done"
                      ? t("wizard.stepDone")
                      : step.state === "error"
                        ? t("wizard.stepError")
                        : ""}
                  </span>
                </span>
                {step.summary ? <span className={styles.summary}>{step.summary}</span> : null}
              </button>
            </li>
          ))}
        </ol>
        <div className={styles.leave}>
          {props.closeHint ? <span>{props.closeHint}</span> : null}
          <Button size="small" onPress={props.onClose}>
            {props.closeLabel}
          </Button>
        </div>
      </nav>
      <div className={styles.main}>
        <div className={styles.content} ref={content}>
          <div className={styles.measure}>
            <h2 ref={heading} tabIndex={-1}>
              {props.heading}
            </h2>
            {props.lead ? <p className={styles.lead}>{props.lead}</p> : null}
            {props.children}
          </div>
        </div>
        <div className={styles.foot}>
          <div className={styles.footLine}>{props.footer}</div>
        </div>
      </div>
    </div>
  );
}

/** The way on: a hint on the left, Back, then the one primary action. */
export function StepFooter(props: { hint?: ReactNode; onBack?: () => void; children: ReactNode }) {
  return (
    <>
      <span className={styles.hint}>{props.hint}</span>
      {props.onBack ? <Button onPress={props.onBack}>{t("common.back")}</Button> : null}
      {props.children}
    </>
  );
}
