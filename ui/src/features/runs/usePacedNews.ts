import { useEffect, useRef } from "react";
import { commandTopics } from "../../bindings/api";
import { useBackend } from "../../shared/backend";
import type { CommandName } from "../../shared/backend/types";

/**
 * Calls `onNews` when something that a command reads has changed: at once, then at most every `restMs`
 * while changes go on, and never a second time before the first is done.
 */
export function usePacedNews(command: CommandName, restMs: number, onNews: () => Promise<void>): void {
  const backend = useBackend();
  const latest = useRef(onNews);
  latest.current = onNews;
  useEffect(() => {
    const topics = commandTopics[command].provides;
    let news = false;
    let busy = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const go = async () => {
      if (busy || !news) return;
      busy = true;
      news = false;
      await latest.current();
      timer = setTimeout(() => {
        busy = false;
        void go();
      }, restMs);
    };
    const end = backend.subscribe((signal) => {
      if (signal !== "everything" && !signal.topics.some((topic) => topics.includes(topic))) return;
      news = true;
      void go();
    });
    return () => {
      end();
      clearTimeout(timer);
    };
  }, [backend, command, restMs]);
}
