// What a doctor with a bad link loads before a call: the app's frame, the case
// page, the lobby and the call, in one language. JS and CSS, gzip, from the
// built files by the manifest. Fails above the budget.
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';

const budget = 45 * 1024; // bytes
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

const pages = ['index.html', 'src/pages/consult/Consult.svelte', 'src/pages/room/Room.svelte'];
const areas = ['shell', 'consult', 'room'];

function closure(keys) {
  const files = new Map();
  const seen = new Set();
  const visit = (key) => {
    if (seen.has(key)) return;
    seen.add(key);
    const chunk = manifest[key];
    if (!chunk) throw new Error(`not in the manifest: ${key}`);
    for (const file of [chunk.file, ...(chunk.css ?? [])]) if (/\.(js|css)$/.test(file)) files.set(file, key);
    for (const next of chunk.imports ?? []) visit(next);
  };
  keys.forEach(visit);
  return files;
}

let worst = 0;
for (const language of ['zh', 'en']) {
  const files = closure([...pages, ...areas.map((area) => `src/core/text/${language}/${area}.ts`)]);
  const sizes = [...files].map(([file]) => ({
    file,
    bytes: gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length,
  }));
  const total = sizes.reduce((sum, one) => sum + one.bytes, 0);
  worst = Math.max(worst, total);
  console.log(`${language}: ${(total / 1024).toFixed(1)} KB of ${budget / 1024} KB`);
  if (process.argv.includes('--files')) {
    for (const one of sizes.sort((a, b) => b.bytes - a.bytes))
      console.log(`  ${String(one.bytes).padStart(6)} ${one.file}`);
  }
}
if (worst > budget) {
  console.error(`over the budget by ${((worst - budget) / 1024).toFixed(1)} KB`);
  process.exit(1);
}
