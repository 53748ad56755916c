// Measures calls on the links of the matrix and writes the table to
// e2e/output/links.txt. LINKS="dsl edge" measures these alone, RUNS=1 once.
// It judges nothing: the short selection does.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { output } from '../support/binary';
import { Call, type Sides } from './call';
import { medians, type Figures } from './figures';
import type { Link } from './emulator';
import { matrix } from './matrix';
import { Site } from './site';
import { table, type Row } from './table';

const runs = Number(process.env.RUNS ?? 3);
const chosen = process.env.LINKS?.split(/[\s,]+/).filter(Boolean) ?? Object.keys(matrix);

const joins = 60_000; // ms; what takes longer did not come
const comesBack = 30_000;
const settles = 8_000;
const window = 15_000;
const away = 5_000;

let site: Site | undefined;
const rows: Row[] = [];

beforeAll(async () => {
  site = await Site.open();
});
afterAll(async () => {
  await site?.close();
  const text = site ? table(rows, runs) : 'Not measured: network namespaces are not permitted here.\n';
  writeFileSync(path.join(output, 'links.txt'), text);
});

async function measure(site: Site, link: Link): Promise<Sides<Figures>> {
  const call = await Call.begin(site, link);
  try {
    const up = await call.up(['sound', 'picture'], joins);
    if (up.clinic.sound === undefined && up.hospital.sound === undefined) return up;
    await call.steady(settles);
    const parts = [up, await call.steady(window), await call.outage(away, comesBack)];
    await call.steady(settles); // what one event leaves behind is not the next one's
    parts.push(await call.move(comesBack));
    await call.steady(settles);
    parts.push(await call.restart(comesBack));
    return {
      clinic: Object.assign({}, ...parts.map((part) => part.clinic)) as Figures,
      hospital: Object.assign({}, ...parts.map((part) => part.hospital)) as Figures,
    };
  } finally {
    await call.end();
  }
}

for (const name of chosen) {
  const link = matrix[name];
  if (!link) throw new Error(`there is no link ${name}: ${Object.keys(matrix).join(' ')}`);
  test(name, { timeout: runs * 300_000 }, async ({ skip }) => {
    if (!site) return skip('network namespaces are not permitted here');
    const all: Sides<Figures>[] = [];
    for (let i = 0; i < runs; i++) all.push(await measure(site, link));
    const figures = {
      clinic: medians(all.map((one) => one.clinic)),
      hospital: medians(all.map((one) => one.hospital)),
    };
    const silent = figures.clinic.sound === undefined && figures.hospital.sound === undefined;
    rows.push({ name, figures, remark: silent ? `no sound within ${joins / 1000} s` : '' });
  });
}
