import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// What the server of `taxiway up` answers, while `npm run dev` serves the pages.
const server = process.env.TAXIWAY_SERVER ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: {
      // RJSF's core imports ajv, which needs `eval`: our policy forbids it, our validator does not need it.
      "@rjsf/validator-ajv8": new URL("./src/forms/validator.ts", import.meta.url).pathname,
    },
  },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // no data: scripts, and what is cached is a file
    chunkSizeWarningLimit: 700,
    emptyOutDir: true,
    modulePreload: { polyfill: false },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      ["/api", "/health", "/version", "/docs", "/openapi.json"].map((path) => [
        path,
        {
          target: server,
          changeOrigin: true,
          // The server refuses what pages of another origin send; in development that is us.
          configure: (proxy: { on: (event: "proxyReq", handler: (request: { removeHeader: (name: string) => void }) => void) => void }) =>
            proxy.on("proxyReq", (request) => request.removeHeader("origin")),
        },
      ]),
    ),
  },
});
