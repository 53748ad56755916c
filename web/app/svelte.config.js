import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** @type {import('@sveltejs/vite-plugin-svelte').SvelteConfig} */
export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    runes: true,
    // Short class names: they stand in every element of every component.
    cssHash: ({ hash, filename }) => 'x' + hash(filename).slice(-4),
  },
};
