import { type ReactNode, useEffect, useRef } from "react";

/** What opens when it is pressed, pressed once: the state that only a person brings about. */
export function Opened(props: { children: ReactNode }) {
  const inside = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // After the first drawing: a list has its items only then.
    const timer = setTimeout(() =>
      inside.current?.querySelector<HTMLElement>("button[aria-haspopup]")?.click(),
    );
    return () => clearTimeout(timer);
  }, []);
  return <div ref={inside}>{props.children}</div>;
}
