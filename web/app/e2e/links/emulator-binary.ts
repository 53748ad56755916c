// Builds the emulator once for all runs.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { output } from '../support/binary';

declare module 'vitest' {
  interface ProvidedContext {
    emulator: string;
  }
}

export default function setup(project: TestProject): void {
  const binary = path.join(output, 'emulate');
  const top = path.resolve(import.meta.dirname, '../../../..');
  execFileSync('go', ['build', '-o', binary, './deploy/links/emulate'], { cwd: top, stdio: 'inherit' });
  project.provide('emulator', binary);
}
