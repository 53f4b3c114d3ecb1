import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The desktop shell and `skerry web` both serve `dist` under a strict content security policy:
// no inline script, no `data:` script, nothing from another host. `assetsInlineLimit: 0` keeps fonts as files.
export default defineConfig({
  plugins: [react()],
  base: "/",
  clearScreen: false,
  server: {
    host: "127.0.0.1",
    port: 5173,
    strictPort: true,
    // `npm run dev` in a browser beside a running `skerry web`: SKERRY_WEB=http://127.0.0.1:PORT
    proxy: process.env.SKERRY_WEB ? { "/api": { target: process.env.SKERRY_WEB, changeOrigin: true } } : {},
  },
  preview: { host: "127.0.0.1", port: 4173, strictPort: true },
  build: {
    outDir: "dist",
    target: ["es2023", "safari17", "chrome120"],
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
  },
  test: {
    environment: "happy-dom",
    setupFiles: ["tests/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}", "tests/**/*.test.{ts,tsx}"],
    css: false,
    // A failed search says what it looked for, not the whole page.
    env: { DEBUG_PRINT_LIMIT: "0", TZ: "UTC" },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
