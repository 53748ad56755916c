import { expect, test } from 'vitest';
import { during, medians, pictureAfter, quantile, soundAfter } from './figures';
import type { Heard, Notes } from './instruments';

const nothing: Notes = { drawn: [], shown: [], heard: [] };

/** What was heard by 100 ms: so many packets each, of 100 kbit/s, so many samples made up. */
function heard(packets: number[], made: number[] = [], connection = 1): Heard[] {
  const sum = { packets: 0, bytes: 0, received: 0, concealed: 0, silent: 0, energy: 0, asked: 0, again: 0 };
  return packets.map((n, i) => {
    sum.packets += n;
    sum.bytes += n > 0 ? 1250 : 0;
    sum.received += 4800;
    sum.concealed += made[i] ?? (n > 0 ? 0 : 4800);
    sum.energy += n > 0 ? 1e-3 : 0;
    return { at: i * 100, connection, ...sum };
  });
}

test('a picture is back with the first frame that was drawn after the moment', () => {
  const from = { ...nothing, drawn: [0, 100, 200, 300] };
  const to = {
    ...nothing,
    shown: [
      { frame: 0, at: 150, height: 180 },
      { frame: 1, at: 260, height: 180 }, // shown after the moment, and older than it
      { frame: 3, at: 450, height: 180 },
    ],
  };
  expect(pictureAfter(250, from, to)).toBeCloseTo(0.2);
  expect(pictureAfter(500, from, to)).toBeUndefined();
});

test('sound is back when it comes out of packets and is loud enough', () => {
  const to = { ...nothing, heard: heard([1, 1, 0, 0, 5, 5]) };
  expect(soundAfter(150, to)).toBeCloseTo(0.25);
  const hidden = { ...nothing, heard: heard([1, 1, 1, 1], [0, 0, 4800, 4800]) }; // packets come, mostly too late
  expect(soundAfter(150, hidden)).toBeUndefined();
});

test('sound on a new connection counts from nothing', () => {
  const old = heard([5, 5, 0, 0]);
  const again = heard([0, 0, 0, 0, 0, 5], [], 2).slice(4);
  expect(soundAfter(150, { ...nothing, heard: [...old, ...again] })).toBeCloseTo(0.35);
});

test('a stretch: share made up, rate, latency, distinct frames, stalls', () => {
  const from = { ...nothing, drawn: [0, 50, 100, 150, 900] };
  const to: Notes = {
    ...nothing,
    heard: heard(Array<number>(11).fill(2), [0, 0, 0, 0, 0, 480]),
    shown: [
      { frame: 0, at: 100, height: 180 },
      { frame: 1, at: 160, height: 360 },
      { frame: 3, at: 270, height: 360 },
      { frame: 4, at: 980, height: 360 },
    ],
  };
  const got = during(0, 1001, from, to);
  expect(got.concealed).toBeCloseTo(0.01);
  expect(got.audio).toBeCloseTo(100, 0);
  expect(got.latency).toBe(110);
  expect(got.late).toBe(120);
  expect(got.fps).toBeCloseTo(4, 1);
  expect(got.lines).toBe(360);
  expect(got.stalls).toBe(1);
});

test('silence is not counted as made up', () => {
  const silent = heard([1, 1, 1]).map((one, i) => ({ ...one, concealed: i * 960, silent: i * 960 }));
  expect(during(0, 1000, nothing, { ...nothing, heard: silent }).concealed).toBe(0);
});

test('a figure that was missing in most runs is missing', () => {
  expect(medians([{ sound: 3 }, { sound: 1 }, { sound: 2 }]).sound).toBe(2);
  expect(medians([{ sound: 1 }, {}, {}]).sound).toBeUndefined();
  expect(medians([{ sound: 1 }, { sound: 9 }, {}]).sound).toBe(9);
  expect(quantile([], 0.5)).toBeUndefined();
});
