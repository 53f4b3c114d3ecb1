import { useRouter } from "@tanstack/react-router";
import type { MouseEvent, ReactNode } from "react";
import { type ButtonProps, buttonClass } from "./Button";

interface LinkProps {
  /** A path within the console, `/runs/abc?tab=logs`. */
  to: string;
  children: ReactNode;
  className?: string;
  label?: string;
  title?: string;
  /** This is where the person is. */
  current?: boolean;
}

/** Goes to a path from code: `go("/runs/abc")`. */
export function useGo(): (to: string, options?: { replace?: boolean }) => void {
  const { history } = useRouter();
  return (to, options) => (options?.replace ? history.replace(to) : history.push(to));
}

/** A link to another view: middle click, history and the address work as everywhere. */
export function Link({ to, children, className, label, title, current }: LinkProps) {
  const go = useGo();
  const onClick = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a
      href={to}
      className={className}
      aria-label={label}
      aria-current={current ? "page" : undefined}
      title={title}
      onClick={onClick}
    >
      {children}
    </a>
  );
}

export function LinkButton({
  to,
  variant,
  size,
  icon,
  label,
  children,
}: { to: string; children: ReactNode; label?: string } & Pick<ButtonProps, "variant" | "size" | "icon">) {
  return (
    <Link to={to} className={buttonClass(variant, size)} {...(label ? { label } : {})}>
      {icon}
      {children}
    </Link>
  );
}
