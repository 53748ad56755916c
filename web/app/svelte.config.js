import { readdirSync } from 'node:fs';
import path from 'node:path';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

// The class that keeps a component's styles its own stands in every element of
// it: as short as can be, by the component's place in this list.
const here = import.meta.dirname;
const components = readdirSync(path.join(here, 'src'), { recursive: true })
  .filter((file) => file.endsWith('.svelte'))
  .sort();

/** @type {import('@sveltejs/vite-plugin-svelte').SvelteConfig} */
export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    runes: true,
    fragments: 'tree', // smaller than markup that is parsed
    discloseVersion: false,
    cssHash: ({ hash, filename }) => {
      const at = components.indexOf(path.relative(path.join(here, 'src'), filename));
      return 'x' + (at < 0 ? hash(filename) : at.toString(36));
    },
  },
};
