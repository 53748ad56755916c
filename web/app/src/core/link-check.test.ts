import { describe, expect, test } from 'vitest';
import { distant, expectation, measureRate, measureRoundTrip, type Transfer } from './link-check';

/** A link that takes a round trip and moves kbit/s; further round trips beyond the first window of 14 KB. */
function link(kbits: number, rtt: number) {
  const clock = { at: 0 };
  const moved: number[] = [];
  const transfer: Transfer = (bytes) => {
    moved.push(bytes);
    const windows = Math.max(0, Math.ceil(Math.log2(Math.max(1, bytes) / 14_000)));
    clock.at += rtt + (bytes * 8) / kbits + (kbits * rtt > 14_000 * 8 ? windows * rtt : 0);
    return Promise.resolve();
  };
  return { transfer, now: () => clock.at, moved, clock };
}

async function found(kbits: number, rtt: number) {
  const one = link(kbits, rtt);
  const trip = await measureRoundTrip(one.transfer, one.now);
  const rate = await measureRate(one.transfer, trip, one.now);
  return { rtt: trip, up: rate, down: rate, loss: undefined, took: one.clock.at, moved: one.moved };
}

describe('the check of the link', () => {
  test.each([
    ['edge', 64, 300, 'sound'],
    ['3g', 384, 150, 'good'],
    ['a thinner one', 150, 150, 'small'],
    ['vsat', 512, 600, 'good'],
    ['dsl', 2000, 40, 'good'],
    ['hardly a link', 16, 400, 'writing'],
  ] as const)('finds rate and round trip: %s', async (_, kbits, rtt, wanted) => {
    const got = await found(kbits, rtt);
    expect(got.rtt).toBeCloseTo(rtt);
    expect(got.up / kbits).toBeGreaterThan(0.9);
    expect(got.up / kbits).toBeLessThan(1.1);
    expect(expectation(got)).toBe(wanted);
  });

  test('moves little where little can be moved', async () => {
    const thin = await found(64, 300);
    expect(thin.moved).toEqual([0, 0, 0, 8192]);
    expect(thin.took).toBeLessThan(2_500);
  });

  test('the thinner way and loss decide', () => {
    const link = { rtt: 40, up: 2000, down: 2000, loss: 0 };
    expect(expectation({ ...link, up: 60 })).toBe('sound');
    expect(expectation({ ...link, up: 100 })).toBe('small');
    expect(expectation({ ...link, down: 40 })).toBe('sound');
    expect(expectation({ ...link, loss: 0.15 })).toBe('small');
    expect(distant(600)).toBe(true);
    expect(distant(300)).toBe(false);
  });
});
