// From the notes of both pages to the figures of the table. Pure.
import type { Heard, Notes, Shown } from './instruments';

/** What one side gets of the other. undefined: it did not come, or could not be measured. */
export interface Figures {
  /** s from navigation at the clinic. */
  sound?: number;
  picture?: number;
  /** Share of the samples that were made up to hide a gap, silence apart. */
  concealed?: number;
  /** ms from the camera to the screen: median and the 95th of a hundred. */
  latency?: number;
  late?: number;
  /** Distinct frames a second. */
  fps?: number;
  /** Lines of the picture, median. */
  lines?: number;
  /** Times that the picture stood still for longer than half a second. */
  stalls?: number;
  /** kbit/s of sound without headers. */
  audio?: number;
  /** ms that stand in the queue towards this side, median. */
  queue?: number;
  /** s until sound and picture are back. */
  outageSound?: number;
  outagePicture?: number;
  moveSound?: number;
  movePicture?: number;
  restartSound?: number;
  restartPicture?: number;
}

const stall = 500; // ms

/** The 0 to 1 quantile of what there is. */
export function quantile(values: number[], q: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/** s from a moment until the first frame that was drawn after it is on the screen. */
export function pictureAfter(moment: number, from: Notes, to: Notes): number | undefined {
  const first = to.shown.find((one) => one.at >= moment && (from.drawn[one.frame] ?? 0) >= moment);
  return first && (first.at - moment) / 1000;
}

/** s from a moment until sound is heard that is not made up. */
export function soundAfter(moment: number, to: Notes): number | undefined {
  for (const [i, now] of to.heard.entries()) {
    const before = to.heard[i - 1];
    if (now.at < moment || (before && before.at < moment && before.connection === now.connection)) continue;
    const gain = since(now, before);
    // Loud enough for a syllable, and mostly out of packets.
    if (gain.packets > 0 && gain.energy > 1e-5 && gain.concealed < gain.received / 2) {
      return (now.at - moment) / 1000;
    }
  }
  return undefined;
}

/** What was added between two counts; a new connection begins at nothing. */
function since(now: Heard, before: Heard | undefined): Heard {
  if (!before || before.connection !== now.connection) return now;
  const gain = { ...now };
  for (const key of ['packets', 'bytes', 'received', 'concealed', 'silent', 'energy'] as const) {
    gain[key] = now[key] - before[key];
  }
  return gain;
}

/** What a side saw and heard in a stretch of time. */
export function during(begin: number, end: number, from: Notes, to: Notes): Figures {
  const shown = to.shown.filter((one) => one.at >= begin && one.at < end);
  const took = shown.flatMap((one) => {
    const drawn = from.drawn[one.frame];
    return drawn === undefined ? [] : [one.at - drawn];
  });
  const seconds = (end - begin) / 1000;
  return {
    ...heardDuring(begin, end, to.heard),
    latency: quantile(took, 0.5),
    late: quantile(took, 0.95),
    fps: new Set(shown.map((one) => one.frame)).size / seconds,
    lines: quantile(
      shown.map((one) => one.height),
      0.5,
    ),
    stalls: stalls(begin, end, shown),
  };
}

function stalls(begin: number, end: number, shown: Shown[]): number {
  const times = [begin, ...shown.map((one) => one.at), end];
  return times.filter((at, i) => i > 0 && at - times[i - 1]! > stall).length;
}

function heardDuring(begin: number, end: number, heard: Heard[]): Figures {
  const within = heard.filter((one) => one.at >= begin && one.at < end);
  let [received, made, bytes] = [0, 0, 0];
  for (const [i, now] of within.entries()) {
    if (i === 0) continue;
    const gain = since(now, within[i - 1]);
    received += gain.received;
    made += gain.concealed - gain.silent;
    bytes += gain.bytes;
  }
  if (received === 0) return {};
  return { concealed: made / received, audio: (bytes * 8) / (end - begin) };
}

/** The median of each figure over runs; a figure that was missing counts as the worst. */
export function medians(runs: Figures[]): Figures {
  const keys = new Set(runs.flatMap((run) => Object.keys(run) as (keyof Figures)[]));
  const result: Figures = {};
  for (const key of keys) {
    const middle = quantile(
      runs.map((run) => run[key] ?? Infinity),
      0.5,
    );
    if (middle !== undefined && Number.isFinite(middle)) result[key] = middle;
  }
  return result;
}
