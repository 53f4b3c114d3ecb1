import { Link as RouterLink, useRouter } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type ButtonProps, buttonClass } from "./Button";

interface LinkProps {
  /** A path within the console, `/runs/abc?tab=logs`. */
  to: string;
  children: ReactNode;
  className?: string;
  label?: string;
  title?: string;
}

function parts(to: string): { to: string; search: Record<string, unknown>; hash?: string } {
  const url = new URL(to, "http://console.invalid");
  return {
    to: url.pathname,
    search: Object.fromEntries(url.searchParams),
    ...(url.hash ? { hash: url.hash.slice(1) } : {}),
  };
}

/** A link to another view: middle click, history and the address work as everywhere. */
export function Link({ to, children, className, label, title }: LinkProps) {
  return (
    <RouterLink
      {...(parts(to) as object)}
      to={parts(to).to}
      className={className}
      aria-label={label}
      title={title}
    >
      {children}
    </RouterLink>
  );
}

export function LinkButton({
  to,
  variant,
  size,
  icon,
  children,
}: { to: string; children: ReactNode } & Pick<ButtonProps, "variant" | "size" | "icon">) {
  return (
    <Link to={to} className={buttonClass(variant, size)}>
      {icon}
      {children}
    </Link>
  );
}

/** Goes to a path from code: `go("/runs/abc")`. */
export function useGo(): (to: string, options?: { replace?: boolean }) => void {
  const router = useRouter();
  return (to, options) => {
    void router.navigate({ ...(parts(to) as object), replace: options?.replace ?? false } as never);
  };
}
