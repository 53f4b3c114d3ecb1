import { useSyncExternalStore } from "react";

const NORMAL = 32;
const COMPACT = 26;

function subscribe(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-density"] });
  return () => observer.disconnect();
}

/** What `--row` is in pixels, for the arithmetic of virtual rows. */
export function useRowHeight(): number {
  return useSyncExternalStore(subscribe, () =>
    document.documentElement.dataset.density === "compact" ? COMPACT : NORMAL,
  );
}
