import { type ReactNode, useEffect, useRef } from "react";

/** What opens when it is pressed, pressed once: the state that only a person brings about. */
export function Opened(props: { children: ReactNode }) {
  const inside = useRef<HTMLDivElement>(null);
  useEffect(() => {
    inside.current?.querySelector<HTMLElement>("button")?.click();
  }, []);
  return <div ref={inside}>{props.children}</div>;
}
