import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// The files that take longest begin first, so that none of them runs alone at the end.
const long = ['3-in-the-room', '2-unanswered', 'sweep-zh', 'sweep-en', '5-everyone-else'];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = long.findIndex((name) => moduleId.endsWith(`/${name}.spec.ts`));
      return at < 0 ? long.length : at;
    };
    return files.toSorted((a, b) => place(a) - place(b) || a.moduleId.localeCompare(b.moduleId));
  }
}

// The journeys: real Chromium, one profile per person, one server per file.
// Three files at a time at most: pictures are encoded in software, but one file waits
// a minute for a ring and all wait for pages.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.spec.ts'],
    globalSetup: ['support/binary.ts'],
    setupFiles: ['support/failures.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    maxWorkers: 3,
    sequence: { concurrent: false, sequencer: LongFirst },
    bail: 0,
  },
});
