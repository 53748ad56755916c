/// <reference types="vitest/config" />
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// `npm run dev` serves the app with live reload and hands everything else to a
// running server. CONSILIUM_URL says where that server is.
const server = process.env.CONSILIUM_URL ?? 'http://localhost:8080';

// The server checks Origin and Host, so the proxied request carries its own.
const proxied = {
  target: server,
  changeOrigin: true,
  headers: { origin: new URL(server).origin },
};

// What this app never does: hydrate (nothing is rendered on a server), legacy
// components, experimental await, tracing. Svelte guards each by a flag; as a
// constant, the bundler drops those parts (a sixth of Svelte).
function leanSvelte(): Plugin {
  const flags: Record<string, string[]> = {
    'svelte/src/internal/client/dom/hydration.js': ['hydrating'],
    'svelte/src/internal/flags/index.js': ['async_mode_flag', 'legacy_mode_flag', 'tracing_mode_flag'],
  };
  return {
    name: 'lean-svelte',
    apply: 'build',
    transform(code, id) {
      const file = Object.keys(flags).find((end) => id.endsWith(end));
      if (!file) return;
      for (const flag of flags[file]!) {
        const declared = `export let ${flag} = false;`;
        if (!code.includes(declared)) throw new Error(`svelte changed its flag ${flag}: look at leanSvelte`);
        code = code
          .replace(declared, `export const ${flag} = false;`)
          .replace(new RegExp(`^\\s*${flag} = (true|false|value);$`, 'gm'), '');
      }
      return { code, map: null };
    },
  };
}

export default defineConfig({
  plugins: [leanSvelte(), svelte()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0, // the content security policy allows no data: addresses
    sourcemap: false,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      optimization: { inlineConst: { mode: 'all', pass: 3 } },
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            {
              name: 'forms',
              test: /svelte\/.*\/bindings\/(select|input)\.js|src\/ui\/(Choice|Check|Field|Password)\.svelte/,
              priority: 3,
            },
            {
              name: 'frame',
              test: /node_modules\/svelte|node_modules\/(clsx|esm-env)|src\/main|src\/App|src\/(session|preferences|navigation|connection|desk|live|pages)\.(svelte\.)?ts|src\/core\/(api|i18n|clock|time|naming|problem|resource|routes|socket|socket-desk|catalog|acts)\b|src\/core\/text\/index|src\/ui\/(Header|Language|Offline|Toasts|toasts|Unreachable|Button|Icon|icons|Dialog|When|UrgencyMark|StateWord|Due|Trouble|Skeleton|base|tokens|controls)|src\/pages\/Ring\.svelte|pages\/room\/(arming|now)\.svelte\.ts|media-sound/,
              priority: 2,
            },
            {
              name: 'story',
              test: /src\/pages\/consult\/(Story|Fact|VitalSigns|Attachments|Phones|Lacking)\.svelte|src\/core\/(vitals|upload|lacking)/,
              priority: 1,
            },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      '/api': proxied,
      '/openapi.json': proxied,
      '/ws': { ...proxied, ws: true },
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
});
