import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    // OpenLayers is one piece; the limit of the first page is 700 kB gzipped.
    chunkSizeWarningLimit: 900,
  },
  server: {
    // `npm run dev` beside `tenken serve`: pages from Vite, data from the service.
    proxy: Object.fromEntries(
      ["/api", "/collections", "/conformance"].map((path) => [path, "http://127.0.0.1:8000"]),
    ),
  },
  // A busy machine is no fault of a page: only what never ends takes a minute.
  test: { environment: "jsdom", testTimeout: 60_000, hookTimeout: 60_000 },
});
