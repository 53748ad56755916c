import { defineConfig } from 'vitest/config';

// Calls between Firefox and Chromium.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.spec.ts'],
    globalSetup: ['../support/binary.ts'],
    setupFiles: ['../support/failures.ts'],
    testTimeout: 400_000, // what is waited for is bounded by itself
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
});
