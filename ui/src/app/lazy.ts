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

const views: { preload?: () => Promise<void> | undefined }[] = [];

/** A view whose code is loaded when it is first opened, or before by `preloadViews`. */
export function lazy<Module extends object, Name extends keyof Module & string>(
  load: () => Promise<Module>,
  name: Name,
) {
  const view = lazyRouteComponent(() => load().catch(notLoaded), name);
  views.push(view);
  return view;
}

/** Loads the code of all views, one after the other: the first look at each is as quick as the next. */
export async function preloadViews(): Promise<void> {
  for (const view of views) {
    // One that does not come is asked for again when it is opened, and says why then.
    await view.preload?.()?.catch(() => {});
  }
}
