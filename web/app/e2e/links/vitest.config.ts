import { defineConfig } from 'vitest/config';

// Calls on emulated links, one after the other: they are timed. LINKS, RUNS: see
// matrix.spec.ts.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.spec.ts'],
    globalSetup: ['../support/binary.ts', 'emulator-binary.ts'],
    testTimeout: 90_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
    disableConsoleIntercept: true,
  },
});
