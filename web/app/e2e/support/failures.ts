// Everybody goes home after each test. When it failed, what they had on the
// screen is in e2e/output.
import path from 'node:path';
import { afterAll, afterEach } from 'vitest';
import { closeShared } from './chromium';
import type { Person } from './person';

export const everyone = new Set<Person>();

const output = path.resolve(import.meta.dirname, '../output');

afterEach(async ({ task }) => {
  const failed = task.result?.state === 'fail';
  if (failed) await report(task.name);
  const troubles = [...everyone].flatMap((person) => person.troubles);
  await Promise.all([...everyone].map((person) => person.leave()));
  if (!failed && troubles.length > 0) throw new Error(`a page threw an error:\n${troubles.join('\n')}`);
});

afterAll(closeShared);

async function report(test: string): Promise<void> {
  const name = test.replaceAll(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60);
  for (const person of everyone) {
    for (const [i, page] of person.context.pages().entries()) {
      await page
        .screenshot({ path: path.join(output, `failed-${name}-${person.login}-${i}.png`) })
        .catch(() => undefined);
    }
    if (person.troubles.length > 0) console.error(person.login, person.troubles.join('\n'));
  }
  for (const server of new Set([...everyone].map((person) => person.server))) {
    console.error(server.log.slice(server.log.indexOf('ready http')));
  }
}
