/// <reference types="vitest/config" />
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { minify } from 'terser';
import type { Plugin, Rolldown } from 'vite';
import { defineConfig } from 'vitest/config';
import { leanSvelte } from './lean-svelte.ts';

// `npm run dev` serves the app with live reload and hands everything else to a
// running server. CONSILIUM_URL says where that server is.
const server = process.env.CONSILIUM_URL ?? 'http://localhost:8080';

// The server checks Origin and Host, so the proxied request carries its own.
const proxied = {
  target: server,
  changeOrigin: true,
  headers: { origin: new URL(server).origin },
};

// One version for the whole build, in the folder's name, instead of one in each
// file's: a chunk changes when one that it names does, so a release is new to a
// browser anyway, and names without it are smaller where chunks name each other.
function versioned(): Plugin {
  return {
    name: 'versioned',
    apply: 'build',
    config: () => ({
      experimental: {
        renderBuiltUrl: (file, { hostType }) => (hostType === 'html' ? `/${file}` : { relative: true }),
      },
    }),
    writeBundle: {
      order: 'post',
      handler({ dir }) {
        const root = dir!;
        const hash = createHash('sha256');
        for (const name of readdirSync(path.join(root, 'assets')).sort())
          hash.update(name).update(readFileSync(path.join(root, 'assets', name)));
        const folder = `assets/${hash.digest('base64url').slice(0, 10)}/`;
        renameSync(path.join(root, 'assets'), path.join(root, 'built'));
        mkdirSync(path.join(root, 'assets'));
        renameSync(path.join(root, 'built'), path.join(root, folder));
        for (const name of ['index.html', '.vite/manifest.json']) {
          const file = path.join(root, name);
          writeFileSync(file, readFileSync(file, 'utf8').replaceAll('assets/', folder));
        }
      },
    },
  };
}

// What runs before a part loads: its style, and what it imports, are asked for
// together with it. Vite's own does as much in four times the code.
function preloads(): Plugin {
  const helper = `
    // The page itself brings the frame's style.
    const asked = Object.fromEntries(
      [...document.querySelectorAll('link[rel=stylesheet]')].map(({ href }) => [href, 1]),
    );
    const ask = (href) => new Promise((done, fail) => {
      const link = document.createElement('link');
      const style = href.endsWith('.css');
      link.rel = style ? 'stylesheet' : 'modulepreload';
      link.crossOrigin = '';
      link.href = href;
      if (!style) done();
      link.onload = done;
      link.onerror = () => {
        link.remove(); // the next attempt asks again
        delete asked[href];
        fail(new TypeError(href));
      };
      document.head.append(link);
    });
    export const __vitePreload = (load, parts) =>
      Promise.all(parts.map((part) => {
        const { href } = new URL(part, import.meta.url); // all stand in one folder
        return asked[href] ??= ask(href);
      })).then(load);`;
  let used = false;
  return {
    name: 'preloads',
    apply: 'build',
    transform(code, id) {
      if (id !== '\0vite/preload-helper.js') return;
      used = code.includes('export const __vitePreload =');
      return { code: helper, map: null };
    },
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        if (!used) this.error("vite changed its preloading: look at 'preloads'");
        for (const made of Object.values(bundle))
          if (made.type === 'chunk')
            made.code = made.code
              // What needs nothing beside itself is simply imported.
              .replace(/[\w$]+\(\(\)=>(import\(`[^`]+`\)),\[\],import\.meta\.url\)/g, '$1')
              .replace(/(__vite__mapDeps\(\[[\d,]+\]\)),import\.meta\.url\)/g, '$1)');
      },
    },
  };
}

// Vite's minifier is quick and leaves what a second look finds, three in a hundred.
function minified(): Plugin {
  return {
    name: 'minified',
    apply: 'build',
    generateBundle: {
      order: 'post',
      async handler(_, bundle) {
        for (const made of Object.values(bundle)) {
          if (made.type !== 'chunk') continue;
          const { code } = await minify(made.code, {
            module: true,
            ecma: 2020,
            // Reading a getter is what an effect depends on: never left out.
            compress: {
              passes: 3,
              keep_fargs: false,
              pure_getters: false,
              hoist_funs: true,
              negate_iife: false,
            },
          });
          made.code = code!;
        }
      },
    },
  };
}

// Every script and style in brotli too, a tenth smaller than gzip: what browsers
// get over TLS and from localhost. Too slow to be made while the server starts.
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle({ dir }, bundle) {
      for (const [name, made] of Object.entries(bundle)) {
        if (!/\.(js|css)$/.test(name)) continue;
        const plain = Buffer.from(made.type === 'chunk' ? made.code : made.source);
        writeFileSync(path.join(dir!, `${name}.br`), brotliCompressSync(plain));
      }
    },
  };
}

// The app's own chunk: what main.ts imports without waiting, and of Svelte what
// these parts use. Forms bring the rest of Svelte.
const ofForms = /(bindings\/(select|input|this)|reactivity\/props|shared\/clone|client\/index)\.js/;

function inApp(id: string, context: Rolldown.ChunkingContext, seen = new Set<string>()): boolean {
  if (/node_modules\/(svelte|clsx|esm-env)\//.test(id)) return !ofForms.test(id);
  if (seen.has(id)) return false;
  seen.add(id);
  const importers = context.getModuleInfo(id)?.importers ?? [];
  return /src\/main\.ts$/.test(id) || importers.some((by) => inApp(by, context, seen));
}

// Few chunks compress better and cost fewer round trips than many: the app with the
// case and its call, what every form needs, and one for each kind of work.
const chunks: {
  name: string | ((id: string, context: Rolldown.ChunkingContext) => string | null);
  test?: RegExp;
}[] = [
  { name: (id, context) => (inApp(id, context) ? 'app' : null) },
  {
    name: 'rest',
    test: /src\/pages\/consult\/(later|People|Timeline|Consents|OpinionText|Outcome|Attachments)\.|src\/core\/upload\.|src\/ui\/LaterDialog\./,
  },
  {
    name: 'forms',
    test: /src\/ui\/(StateWord|Choice|Check|Field|Password|Page|Tabs|Empty|SaveState|DayInput|Dialog|placed)\.|src\/pages\/consult\/Lacking\.|src\/core\/(autosave|dates|lacking|vital-entry|wall-clock)\.|bindings\/(select|input|this)\.js|reactivity\/props\.js|shared\/clone\.js/,
  },
  { name: 'watch', test: /src\/core\/(call-watch|call-quality|ladder)\./ },
  { name: 'sound', test: /src\/pages\/room\/[aA]rming\.|src\/core\/media-(sound|tones)\./ },
  { name: 'dialogs', test: /src\/pages\/consult\/dialogs\/|src\/ui\/DayBar\./ },
  { name: 'request', test: /src\/pages\/request\// },
  { name: 'opinion', test: /src\/pages\/opinion\/|src\/core\/digest/ },
  { name: 'office', test: /src\/pages\/admin\// },
];

export default defineConfig({
  plugins: [svelte(), leanSvelte(), preloads(), minified(), compressed(), versioned()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0, // the content security policy allows no data: addresses
    sourcemap: false,
    modulePreload: {
      polyfill: false,
      // The page brings the frame; nothing that loads later need name it.
      resolveDependencies: (_, files, { hostType }) =>
        hostType === 'html' ? files : files.filter((file) => !/\b(app|index)\./.test(file)),
    },
    rolldownOptions: {
      input: ['index.html', 'src/early.ts'],
      optimization: { inlineConst: { mode: 'all', pass: 3 } },
      output: {
        entryFileNames: 'assets/[name].js',
        chunkFileNames: 'assets/[name].js',
        assetFileNames: 'assets/[name][extname]',
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
    include: ['src/**/*.test.ts', 'e2e/**/*.test.ts'],
    environment: 'node',
  },
});
