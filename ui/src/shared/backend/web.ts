import type { Event } from "../../bindings/api";
import { type Backend, CommandError, asErrorBody, type LinkState } from "./types";

function download(name: string, url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

/** The browser at `skerry web`: commands by POST, events as server-sent events, a session cookie for both. */
export function webBackend(fetcher: typeof fetch = fetch, source: typeof EventSource = EventSource): Backend {
  const links = new Set<(link: LinkState) => void>();
  let link: LinkState = "open";
  const setLink = (next: LinkState) => {
    // Signed out is final for this page: only opening the link again helps.
    if (link === next || link === "signed-out") return;
    link = next;
    for (const callback of links) callback(next);
  };

  const backend: Backend = {
    host: "web",
    async call(name, args) {
      let response: Response;
      try {
        response = await fetcher(`/api/command/${name}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          credentials: "same-origin",
          body: JSON.stringify(args ?? null),
        });
      } catch (error) {
        setLink("broken");
        throw new CommandError({
          code: "console_unreachable",
          message: "The console program does not answer.",
          details: { reason: error instanceof Error ? error.message : String(error) },
        });
      }
      if (response.status === 401) {
        setLink("signed-out");
        throw new CommandError({ code: "unauthenticated", message: "The session has ended." });
      }
      setLink("open");
      const text = await response.text();
      let body: unknown;
      try {
        body = text === "" ? null : JSON.parse(text);
      } catch {
        throw new CommandError({
          code: "internal",
          message: `The console program answered with something unreadable (HTTP ${response.status}).`,
          details: { answer: text.slice(0, 500) },
        });
      }
      if (!response.ok) throw new CommandError(asErrorBody(body));
      return body as never;
    },
    subscribe(callback) {
      let stream: EventSource | null = null;
      let timer: ReturnType<typeof setTimeout> | undefined;
      let wait = 500;
      let ended = false;
      let missed = false;
      const connect = () => {
        const current = new source("/api/events", { withCredentials: true });
        stream = current;
        current.onopen = () => {
          wait = 500;
          setLink("open");
          // What happened while the link was broken is unknown: everything on screen is read again.
          if (missed) callback("everything");
          missed = false;
        };
        current.onmessage = (message: MessageEvent<string>) => {
          try {
            callback(JSON.parse(message.data) as Event);
          } catch {
            // A line that is not ours; the next one may be.
          }
        };
        current.onerror = () => {
          current.close();
          if (ended || link === "signed-out") return;
          missed = true;
          // An event stream does not say why it broke; a command finds out: no answer, or signed out.
          void backend.call("app_info", null).catch(() => {});
          timer = setTimeout(connect, wait);
          wait = Math.min(wait * 2, 10_000);
        };
      };
      connect();
      return () => {
        ended = true;
        clearTimeout(timer);
        stream?.close();
      };
    },
    async saveFile(name, file) {
      const url = URL.createObjectURL(file);
      download(name, url);
      // The browser has taken the file over by the next turn.
      setTimeout(() => URL.revokeObjectURL(url), 0);
      return name;
    },
    async saveExport(name, id) {
      // A download that fails is not told to the page: ask whether there is one.
      await backend.call("runs_export_more", { id });
      download(name, `/api/export/${id}`);
      return name;
    },
    onLink(callback) {
      links.add(callback);
      if (link !== "open") callback(link);
      return () => links.delete(callback);
    },
  };
  return backend;
}
