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
      // Its modules act only when called; saying so keeps what a page does not use out of its chunk.
      const quiet = /svelte\/src\/internal\/(client|shared)\//.test(id) ? { moduleSideEffects: false } : {};
      const file = Object.keys(flags).find((end) => id.endsWith(end));
      if (!file) return 'moduleSideEffects' in quiet ? { code, map: null, ...quiet } : undefined;
      for (const flag of flags[file]!) {
        const declared = `export let ${flag} = false;`;
        if (!code.includes(declared)) throw new Error(`svelte changed its flag ${flag}: look at leanSvelte`);
        code = code
          .replace(declared, `export const ${flag} = false;`)
          .replace(new RegExp(`^\\s*${flag} = (true|false|value);$`, 'gm'), '');
      }
      return { code, map: null, ...quiet };
    },
  };
}

// Few chunks compress better and cost fewer round trips than many: what every
// page needs, what every form needs, the case's story (case page and room), and
// one for each kind of work.
const chunks: { name: string; test: RegExp }[] = [
  {
    name: 'frame',
    test: /node_modules\/(svelte(?!.*(bindings\/(select|input)|client\/index)\.js)|clsx|esm-env)\/|src\/(session|preferences|navigation|connection|desk|live|pages|notices)\.|src\/App|src\/core\/(api|i18n|clock|time|naming|problem|routes|socket|socket-desk|media-sound)\.|src\/core\/text\/index|src\/ui\/(Header|Language|Offline|Toasts|toasts|Unreachable|Button|Icon|icons|UrgencyMark|Trouble|base|tokens|controls)\.|src\/pages\/Ring\.svelte|src\/pages\/room\/(arming|now)\.|src\/gen\/|vite\/preload-helper/,
  },
  {
    name: 'story',
    test: /src\/pages\/consult\/(Story|Fact|VitalSigns|Phones|Lacking)\.svelte|src\/core\/(vitals|lacking|catalog|resource|acts)\.|src\/ui\/(When|StateWord|Due|Skeleton)\./,
  },
  {
    name: 'forms',
    test: /src\/ui\/(Choice|Check|Field|Password|Page|Tabs|Empty|SaveState|DayInput|Dialog)\.|src\/core\/(autosave|dates)\.|bindings\/(select|input)\.js/,
  },
  { name: 'dialogs', test: /src\/pages\/consult\/dialogs\/(?!index)|src\/ui\/DayBar\./ },
  { name: 'request', test: /src\/pages\/request\// },
  { name: 'opinion', test: /src\/pages\/opinion\/|src\/core\/digest/ },
  { name: 'office', test: /src\/pages\/admin\// },
  { name: 'door', test: /src\/pages\/(SignIn|Reset|Enrol)\.|src\/ui\/Door\./ },
];

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
          groups: chunks.map((chunk, at) => ({ ...chunk, priority: chunks.length - at })),
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
