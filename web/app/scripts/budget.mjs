// What a doctor with a bad link loads before a call: the app's frame, the case
// page, the lobby and the call, in one language. JS and CSS, gzip, from the
// built files by the manifest: what these pages import before they are usable;
// what opens on a click or follows later is not in it. Fails above the ceiling.
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';

const wanted = 45 * 1024; // bytes: what the budget asks for
const ceiling = 65 * 1024; // bytes: where it stands; may only be lowered
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const pages = [entry, 'src/pages/consult/Consult.svelte', 'src/pages/room/Room.svelte'];
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
  console.log(
    `${language}: ${(total / 1024).toFixed(1)} KB (wanted ${wanted / 1024}, at most ${ceiling / 1024})`,
  );
  if (process.argv.includes('--files')) {
    for (const one of sizes.sort((a, b) => b.bytes - a.bytes))
      console.log(`  ${String(one.bytes).padStart(6)} ${one.file}`);
  }
}
if (worst > ceiling) {
  console.error(`over the ceiling by ${((worst - ceiling) / 1024).toFixed(1)} KB`);
  process.exit(1);
}
