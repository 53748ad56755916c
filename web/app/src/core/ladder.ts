// How much of a thin uplink the picture may have. Sound comes first: it has a
// rung of its own below which nothing takes from it, and the picture gets what
// is left, down to nothing. Who watches on a thinner link than the others gets a
// smaller layer of it, where the uplink bears two. Pure: readings in, a decision out.

import { firstPicture, firstVoice, noPicture, type Picture, type Voice } from './call';

/** One look at the uplink. */
export interface UplinkReading {
  at: number; // ms
  available: number; // kbit/s that the browser believes in; 0: it does not know yet
  rtt: number; // ms, 0: unknown
  sent: number; // packets, ever
  lost: number; // of them, as the server reports it
}

/** What the camera may cost, and the kbit/s in all, sound included, before it is tried. */
export interface Step extends Picture {
  needs: number;
}

// The rate of a step lets the estimate grow to what the next one needs: it ends
// at about one and a half times what is sent, and that of somebody's downlink, by
// which the server limits, goes up while seven tenths of it are used.
export const steps: readonly Step[] = [
  { lines: 0, fps: 0, rate: 0, needs: 0 },
  { ...firstPicture, needs: 50 },
  { lines: 180, fps: 8, rate: 50, needs: 64 },
  { lines: 180, fps: 10, rate: 80, needs: 90 },
  { lines: 180, fps: 15, rate: 130, needs: 130 },
  { lines: 270, fps: 15, rate: 200, needs: 190 },
  { lines: 360, fps: 15, rate: 400, needs: 270 },
  { lines: 360, fps: 20, rate: 600, needs: 480 },
  { lines: 540, fps: 20, rate: 900, needs: 720 },
  { lines: 720, fps: 20, rate: 1200, needs: 1080 },
];

// A packet's headers weigh 64 bytes, so short packets cost more than speech.
const voices: readonly (Voice & { below: number })[] = [
  { below: 100, ...firstVoice }, // 21 kbit/s on the wire
  { below: 900, rate: 18_000, packet: 40 }, // 31
  { below: Infinity, rate: 24_000, packet: 20 }, // 50
];

// A second layer begins with so many kbit/s and ends with less; then it stays away
// for a while (ms). It gets this share of the uplink at most.
const two = { begin: 400, end: 300, rest: 15_000, share: 1 / 4 };
const stays = 0.8; // share of a step's need at which it is still kept
const leap = steps.findIndex((step) => step.rate === 200); // as far as the picture goes at once
const steady = 2; // good readings before a step up
const lossWindow = 5_000; // ms; a few packets say nothing of a share
// Radio links lose a tenth without being full; the estimate knows the difference.
const lossy = 0.25;
const clean = 0.15;
const delayed = 250; // ms of round trip, from which on a link is taken for a thin one
const proven = 0.75; // share of what was tried that the browser must believe in then
const queue = 350; // ms above the best round trip: a queue fills
const rttWindow = 60_000; // ms that the best round trip is remembered
const pauseFirst = 8_000; // ms without picture before it is tried again
const pauseMost = 60_000;
const trial = 15_000; // ms that a picture must last to count as back

export class Ladder {
  step = steps.findIndex((step) => step.lines === firstPicture.lines);
  voice: Voice = firstVoice;
  small: Picture = noPicture; // the smaller layer

  #attempt = 0; // kbit/s that the first picture may take, so that the browser tries them; 0: none
  #young = true; // the browser's belief still doubles
  #good = 0; // readings in a row that would bear more
  #bad = 0; // readings in a row that bear no picture at all
  #best: { at: number; rtt: number } | undefined;
  #readings: UplinkReading[] = []; // of the last lossWindow
  #pause = pauseFirst;
  #pausedAt = 0;
  #triedAt = 0; // when the picture came back, 0: it was never off
  #aloneAt = -Infinity; // when the uplink did not bear the smaller layer any more

  /** The link took the picture away. */
  get paused(): boolean {
    return this.step === 0;
  }

  get picture(): Picture {
    const { lines, fps, rate } = steps[this.step]!;
    return { lines, fps, rate: Math.max(rate, this.#attempt) };
  }

  /** What was read so far says nothing of the link any more: it was away, or is another. */
  forget(): void {
    this.#readings = [];
    this.#best = undefined;
    this.#good = this.#bad = 0;
  }

  /**
   * Takes a reading, the kbit/s that are of use of a smaller layer, and whether the server
   * wants less than all of the largest; whether something changed.
   */
  take(reading: UplinkReading, asked = 0, limited = false): boolean {
    const { step, voice, small } = this;
    const attempt = this.#attempt;
    if (limited) this.#attempt = 0;
    this.#divide(reading, asked);
    const now = { ...reading, available: reading.available - this.small.rate };
    const link = { full: this.#queued(now), loss: this.#loss(now) };
    if (this.paused) this.#resume(now, link);
    else if (limited || !this.#grows(now, link)) this.#climb(now, link);
    if (now.available > 0) this.#speak(now.available);
    return (
      this.step !== step ||
      this.voice !== voice ||
      this.small.rate !== small.rate ||
      this.#attempt !== attempt
    );
  }

  #divide({ at, available }: UplinkReading, asked: number): void {
    const had = this.small.rate > 0;
    const thin = this.paused || available < (had ? two.end : two.begin);
    if (had && thin) this.#aloneAt = at;
    if (asked <= 0 || thin || at - this.#aloneAt < two.rest) this.small = noPicture;
    else this.small = sized(Math.min(asked, 10 * Math.floor((available * two.share) / 10)));
  }

  // A browser tries twice of what it believes in when it may suddenly send more than that,
  // and sends little. What it tries stands in the queue of a thin link: not with its delay.
  #grows({ available, rtt }: UplinkReading, { full, loss }: { full: boolean; loss: number }): boolean {
    if (available <= 0) return false;
    const tried = this.#attempt;
    const calm = !full && loss < clean && rtt < delayed;
    this.#young &&= calm && available >= tried * proven && available < steps.at(-1)!.needs;
    this.#attempt = this.#young ? 2 * available : 0;
    if (tried > 0 && !this.#young) this.#good = steady; // it was found out, not believed
    return this.#young;
  }

  #climb(now: UplinkReading, { full, loss }: { full: boolean; loss: number }): void {
    const known = now.available > 0;
    const kept = Math.min(this.step, known ? bearable(now.available / stays) : this.step);
    const crowded = full || loss > lossy;
    const down = Math.max(1, crowded ? Math.min(kept, this.step - 1) : kept);
    // The estimate knows little more than what is sent: alone it does not take the last step.
    if ((kept < 1 && crowded) || loss > 2 * lossy) {
      this.#good = 0;
      this.step = 1;
      // The picture goes only when the link says so twice: one reading may err.
      if (++this.#bad >= steady) this.#stop(now.at);
      return;
    }
    this.#bad = 0;
    const up = bearable(now.available);
    if (down < this.step || up <= this.step || loss > clean || full) {
      this.#good = 0;
      this.step = down;
      return;
    }
    if (++this.#good < steady) return;
    this.#good = 0;
    // Somebody's downlink may bear less, and its queue is full before a leap is taken back.
    this.step = Math.min(up, Math.max(this.step + 1, leap));
  }

  #stop(at: number): void {
    const failed = this.#triedAt > 0 && at - this.#triedAt < trial;
    this.#pause = failed ? Math.min(pauseMost, this.#pause * 2) : pauseFirst;
    this.step = 0;
    this.#bad = 0;
    this.#pausedAt = at;
  }

  // Without a picture the estimate stays where sound leaves it, so coming back is a trial.
  #resume(now: UplinkReading, { full, loss }: { full: boolean; loss: number }): void {
    const rested = now.at - this.#pausedAt >= this.#pause;
    if (full || loss > clean || (!rested && now.available < steps[3]!.needs)) return;
    this.step = 1;
    this.#good = 0;
    this.#triedAt = now.at;
  }

  #queued(now: UplinkReading): boolean {
    if (now.rtt <= 0) return false;
    if (!this.#best || now.rtt <= this.#best.rtt || now.at - this.#best.at > rttWindow) {
      this.#best = { at: now.at, rtt: now.rtt };
    }
    return now.rtt - this.#best.rtt > queue;
  }

  #loss(now: UplinkReading): number {
    this.#readings = [...this.#readings.filter((one) => now.at - one.at <= lossWindow), now];
    const first = this.#readings[0]!;
    const sent = now.sent - first.sent;
    return sent > 0 ? Math.min(1, Math.max(0, (now.lost - first.lost) / sent)) : 0;
  }

  #speak(available: number): void {
    const fits = voices.findIndex((voice) => available < voice.below);
    const present = voices.findIndex((voice) => voice.packet === this.voice.packet);
    // Up with a margin, so that a link at the limit does not change its packets all the time.
    const margin = fits > present && available < voices[fits - 1]!.below * 1.3;
    if (fits === present || margin) return;
    const { rate, packet } = voices[fits]!;
    this.voice = { rate, packet };
  }
}

/** A picture of a rate. */
function sized(rate: number): Picture {
  const { lines, fps } = steps.findLast((step) => step.lines > 0 && step.rate <= rate) ?? firstPicture;
  return { lines, fps, rate };
}

/** The highest step that the rate bears. */
function bearable(rate: number): number {
  return steps.findLastIndex((step) => step.needs <= rate);
}
