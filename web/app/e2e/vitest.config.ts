import { defineConfig } from 'vitest/config';

// The journeys: real Chromium, one profile per person, one server per file.
// Two files at a time at most: pictures are encoded in software.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.spec.ts'],
    globalSetup: ['support/binary.ts'],
    setupFiles: ['support/failures.ts'],
    testTimeout: 90_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    sequence: { concurrent: false },
    bail: 0,
  },
});
