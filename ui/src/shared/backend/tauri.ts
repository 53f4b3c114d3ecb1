import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { open } from "@tauri-apps/plugin-dialog";
import type { Event } from "../../bindings/api";
import { asCommandError, type Backend } from "./types";

/** Commands carry JSON. */
async function base64Of(file: Blob): Promise<string> {
  const reader = new FileReader();
  const read = new Promise<string>((resolve, reject) => {
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
  });
  reader.readAsDataURL(file);
  const url = await read;
  return url.slice(url.indexOf(",") + 1);
}

/** The desktop shell. Nothing else in the UI knows that it exists. */
export function tauriBackend(): Backend {
  return {
    host: "desktop",
    async call(name, args) {
      try {
        return await invoke("command", { name, args });
      } catch (error) {
        throw asCommandError(error);
      }
    },
    subscribe(callback) {
      const ready = listen<Event>("skerry://event", (event) => callback(event.payload));
      return () => {
        void ready.then((unlisten) => unlisten());
      };
    },
    async pickFolder(title) {
      const picked = await open({ directory: true, title });
      return typeof picked === "string" ? picked : null;
    },
    async pickFile(title) {
      const picked = await open({ title });
      return typeof picked === "string" ? picked : null;
    },
    async saveFile(name, file) {
      try {
        return await invoke<string | null>("save_file", { name, base64: await base64Of(file) });
      } catch (error) {
        throw asCommandError(error);
      }
    },
    async saveExport(name, id) {
      try {
        return await invoke<string | null>("save_export", { name, id });
      } catch (error) {
        throw asCommandError(error);
      }
    },
  };
}
