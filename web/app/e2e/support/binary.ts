// Builds the server once for all journeys. CONSILIUM_BIN names one that is built already.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    binary: string;
  }
}

const app = path.resolve(import.meta.dirname, '../..');
const top = path.resolve(app, '../..');
export const output = path.resolve(app, 'e2e/output');

export default function setup(project: TestProject): void {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const given = process.env.CONSILIUM_BIN;
  if (given) {
    project.provide('binary', path.resolve(given));
    return;
  }
  if (!existsSync(path.join(app, 'dist/index.html'))) {
    throw new Error('the browser app is not built: type `make app` first');
  }
  const binary = path.join(output, 'consilium');
  execFileSync('go', ['build', '-o', binary, './cmd/consilium'], { cwd: top, stdio: 'inherit' });
  project.provide('binary', binary);
}
