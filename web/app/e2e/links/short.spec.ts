// The short selection of the test run: one cold call on a DSL line that then
// loses in bursts, and then turns into a bad radio link. Loose on purpose; `make
// links` measures.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Call } from './call';
import { matrix } from './matrix';
import { Site } from './site';

let site: Site | undefined;

beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site?.close());

test(
  'a call comes up on a DSL line, mends its sound when that loses, and is still heard on a bad radio link',
  { timeout: 150_000 },
  async ({ skip }) => {
    if (!site) return skip('network namespaces are not permitted here');
    const call = await Call.begin(site, matrix.dsl!);
    try {
      const up = await call.up(['sound', 'picture'], 40_000);
      for (const [side, got] of Object.entries(up)) {
        expect(got.sound, `sound at the ${side}`).toBeDefined();
        expect(got.picture, `picture at the ${side}`).toBeDefined();
      }
      await site.link.becomes(matrix.burst10!);
      expect(await call.mends(30_000), 'lost sound is asked for and sent again, both ways').toBe(true);
      await site.link.becomes(matrix.edge!);
      const heard = await call.again(20_000);
      expect(heard.clinic.sound, 'sound at the clinic').toBeDefined();
      expect(heard.hospital.sound, 'sound at the hospital').toBeDefined();
    } finally {
      await call.end();
    }
  },
);
