/// <reference types="vitest/config" />
import { svelte } from '@sveltejs/vite-plugin-svelte';
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

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0, // the content security policy allows no data: addresses
    sourcemap: false,
    modulePreload: { polyfill: false },
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
