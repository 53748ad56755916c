// The check before a call: times small transfers of a known size both ways and
// says what a call on such a link will be like. Pure: the transfers are given.

import type { Reading } from './call-quality';
import { steps } from './ladder';

/** Moves so many bytes and returns when they are there. */
export type Transfer = (bytes: number) => Promise<void>;

export interface LinkFound {
  rtt: number; // ms
  up: number; // kbit/s
  down: number;
  loss: number | undefined; // share of the packets up; unknown where none were sent
}

export type Expectation = 'good' | 'small' | 'sound' | 'writing';

const knocks = 3; // the quickest counts: it met no queue
const sizes = [8, 32, 128].map((kilo) => kilo * 1024); // the server takes no more
const telling = 300; // ms of transfer that say enough
const soundNeeds = 21; // kbit/s with headers, the frugal voice
const lossy = 0.1;
const packetsTold = 30; // fewer say nothing of a share

export async function measureRoundTrip(transfer: Transfer, now: () => number): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < knocks; i++) best = Math.min(best, await took(transfer, 0, now));
  return best;
}

/**
 * kbit/s. A connection that is new to a distant link needs further round trips
 * for a large transfer, so the best of the sizes counts.
 */
export async function measureRate(transfer: Transfer, rtt: number, now: () => number): Promise<number> {
  let best = 0;
  for (const bytes of sizes) {
    const moving = Math.max(1, (await took(transfer, bytes, now)) - rtt);
    best = Math.max(best, (bytes * 8) / moving);
    if (moving >= telling) break;
  }
  return best;
}

async function took(transfer: Transfer, bytes: number, now: () => number): Promise<number> {
  const began = now();
  await transfer(bytes);
  return now() - began;
}

/** Share of the packets that were lost on the way up between two readings. */
export function lossBetween(before: Reading | undefined, after: Reading | undefined): number | undefined {
  if (!before || !after || after.packets - before.packets < packetsTold) return undefined;
  return Math.max(0, (after.missed - before.missed) / (after.packets - before.packets));
}

/** Bytes of text that cannot be made smaller on the way. */
export function padding(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(Math.min(bytes, 48 * 1024)));
  const text = btoa(String.fromCharCode(...random));
  return text.repeat(Math.ceil(bytes / Math.max(1, text.length))).slice(0, bytes);
}

/** What a call will be like: by the thinner way, as the picture's ladder has it. */
export function expectation({ up, down, loss = 0 }: LinkFound): Expectation {
  const thin = Math.min(up, down);
  if (thin < soundNeeds) return 'writing';
  const step = steps.findLast((one) => one.needs <= thin);
  if (!step || step.fps < 10) return 'sound';
  return step.lines < 360 || loss > lossy ? 'small' : 'good';
}

/** So distant that people talk over each other. */
export const distant = (rtt: number): boolean => rtt > 500;
