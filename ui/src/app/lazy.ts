import { lazyRouteComponent } from "@tanstack/react-router";
import { CommandError } from "../shared/backend";

/**
 * What a view's code that did not come means. The program may be another than the one this page is from, and
 * then the page is loaded anew; but when no program answers, loading it would lose the page too.
 */
export async function notLoaded(error: unknown): Promise<never> {
  try {
    await fetch("/", { method: "HEAD" });
  } catch {
    throw new CommandError({
      code: "console_unreachable",
      message: "The console program does not answer.",
      details: { reason: error instanceof Error ? error.message : String(error) },
    });
  }
  throw error;
}

/** A view whose code is loaded when it is first opened. */
export function lazy<Module extends object, Name extends keyof Module & string>(
  load: () => Promise<Module>,
  name: Name,
) {
  return lazyRouteComponent(() => load().catch(notLoaded), name);
}
