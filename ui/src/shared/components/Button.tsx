import { Check, Copy, LoaderCircle } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  Tooltip,
  TooltipTrigger,
} from "react-aria-components";
import { t } from "../i18n";
import styles from "./Button.module.css";
import { classes } from "./classes";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "style" | "children"> {
  /** `plain` has a border; one `primary` at most in a view. */
  variant?: "primary" | "quiet" | "danger" | "plain";
  size?: "small" | "normal";
  /** Its words, not its edge, stand in line with what is above: for a quiet button in a column of text. */
  flush?: boolean;
  icon?: ReactNode;
  children?: ReactNode;
}

export function buttonClass(
  variant: ButtonProps["variant"] = "plain",
  size: ButtonProps["size"] = "normal",
): string {
  return classes(styles.button, variant !== "plain" && styles[variant], size === "small" && styles.small);
}

export function Button({ variant, size, flush, icon, children, isPending, ...rest }: ButtonProps) {
  return (
    <AriaButton
      {...rest}
      {...(isPending === undefined ? {} : { isPending })}
      className={classes(buttonClass(variant, size), flush && styles.flush)}
    >
      {isPending ? <LoaderCircle size={16} className={styles.spin} aria-hidden /> : icon}
      {children}
    </AriaButton>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "icon" | "children"> {
  label: string;
  icon: ReactNode;
}

/** A button of an icon alone: the label is its name and its tooltip. */
export function IconButton({ label, icon, variant = "quiet", size, ...rest }: IconButtonProps) {
  return (
    <TooltipTrigger delay={500} closeDelay={80}>
      <AriaButton {...rest} aria-label={label} className={classes(buttonClass(variant, size), styles.icon)}>
        {icon}
      </AriaButton>
      <Tooltip className={styles.tooltip ?? ""} offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  );
}

/** Puts text on the clipboard; false when the host forbids it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Older web views refuse the clipboard interface outside secure contexts.
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("readonly", "");
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

export function CopyButton(props: {
  text: string;
  label?: string;
  size?: "small" | "normal";
  withWords?: boolean;
}) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1800);
    return () => clearTimeout(timer);
  }, [copied]);
  const label = props.label ?? t("common.copy");
  const icon = copied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />;
  const press = async () => setCopied(await copyText(props.text));
  return (
    <>
      {props.withWords ? (
        <Button size={props.size ?? "small"} variant="quiet" icon={icon} onPress={press}>
          {copied ? t("common.copied") : label}
        </Button>
      ) : (
        <IconButton
          size={props.size ?? "small"}
          label={copied ? t("common.copied") : label}
          icon={icon}
          onPress={press}
        />
      )}
      <span className="visually-hidden" role="status">
        {copied ? t("common.copied") : ""}
      </span>
    </>
  );
}

/** One line to take along: a command, a fingerprint, a digest. */
export function CopyLine(props: { text: string; label?: string }) {
  return (
    <div className={styles.copyLine}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long line scrolls, also by keyboard */}
      <code tabIndex={0}>{props.text}</code>
      <CopyButton text={props.text} {...(props.label ? { label: props.label } : {})} />
    </div>
  );
}
