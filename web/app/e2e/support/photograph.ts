// Pictures of screens for people to look at, in e2e/output/pictures.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Person } from './person';

const folder = path.resolve(import.meta.dirname, '../output/pictures');

export async function photograph(person: Person, name: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await person.page.screenshot({ path: path.join(folder, `${name}.png`) });
}
