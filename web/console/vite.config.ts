import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The bundle ships in the wheel; tests/console/test_page_bundle.py builds it again and compares.
export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: "../../src/tidegate/console/page",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    // What three screens use is one file, which comes with the first: fewer questions before anything is drawn.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "shared", minShareCount: 3, test: /src.(lib|parts)|node_modules.(svelte|@fluent|clsx|esm-env)/ }] } },
    },
  },
  server: { proxy: { "/api": "http://localhost:8080" } },
});
