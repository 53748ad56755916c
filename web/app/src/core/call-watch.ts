// Watches a running call twice a second: whether anything arrives, how much the
// uplink bears, and every few seconds how it all was.

import type { Quality } from '../gen/protocol';
import { noPicture, type PeerState, type Picture, type Voice } from './call';
import { believed, compare, read, type Reading } from './call-quality';
import { Ladder } from './ladder';

/** What is watched of a peer connection. */
export interface Watched {
  stats(): Promise<Iterable<[string, { id: string; type: string }]>>;
  seek(): Promise<unknown>;
  shape(voice: Voice, picture: Picture, small: Picture): Promise<unknown>;
}

export interface WatchOptions {
  /** The present connection; another one is watched from the beginning. */
  peer: () => { peer: Watched; state: PeerState } | undefined;
  /** The kbit/s that are of use of the camera's smaller layer, or of the largest where that is limited. */
  useful: (small: boolean) => number | undefined;
  arrives: () => void;
  silent: () => void;
  /** The browser's network changed: what worked may not any more. */
  changed: () => void;
  /** How it was of late, and whether the uplink is thin. */
  quality: (quality: Quality, thin: boolean) => void;
  /** The link takes the picture, or gives it back. */
  paused: (paused: boolean) => void;
  /** For a while now nobody could have been understood; or one can again. */
  mute: (mute: boolean) => void;
  now?: () => number;
}

const every = 500; // ms
const silentAfter = 1_500; // ms; the server's reports alone come once a second
const seekAgain = 3_000; // ms
const settles = 2_500; // ms after a silence until what was lost in it has been reported
const suspicious = { after: 600, lasts: 3_000 }; // ms; once the network has changed
const muteAfter = 10_000; // ms
const unintelligible = 0.3; // share of the sound that had to be invented
const enoughUp = 100; // kbit/s; an uplink that carries less is weak, whatever arrives
const climbEvery = 1_000; // ms
const reportEvery = 4_000; // ms
const reportFirst = 700; // ms; a first word about the link

export class Watch {
  readonly #options: WatchOptions;
  #subject: Subject | undefined;
  #suspectUntil = 0;
  #understoodAt: number;
  #invented = 0; // share of the sound, as last reported
  #mute = false;
  #reading: Watched | undefined; // whose statistics are under way
  readonly #ticker: ReturnType<typeof setInterval>;
  readonly #now: () => number;
  readonly #network: EventTarget | undefined;
  readonly #changed = () => {
    this.#suspectUntil = this.#now() + suspicious.lasts;
    this.#options.changed();
  };

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#understoodAt = this.#now();
    // Not in every browser, nor in TypeScript's DOM library.
    this.#network = (globalThis.navigator as { connection?: EventTarget } | undefined)?.connection;
    this.#network?.addEventListener('change', this.#changed);
    globalThis.addEventListener?.('online', this.#changed);
    this.#ticker = setInterval(() => void this.#look(), every);
  }

  close(): void {
    clearInterval(this.#ticker);
    this.#network?.removeEventListener('change', this.#changed);
    globalThis.removeEventListener?.('online', this.#changed);
  }

  async #look(): Promise<void> {
    this.#judge();
    const present = this.#options.peer();
    if (!present) return;
    const { peer, state } = present;
    if (this.#reading === peer) return;
    if (state !== 'connected' && state !== 'disconnected') return;
    if (this.#subject?.peer !== peer) {
      this.#subject = new Subject(peer, this.#now());
      this.#options.paused(false);
    }
    const subject = this.#subject;
    this.#reading = peer; // one that is closed meanwhile may never answer
    const report = await peer.stats().catch(() => undefined);
    if (this.#reading === peer) this.#reading = undefined;
    if (!report || this.#options.peer()?.peer !== peer) return;
    const now = read(report, this.#now());
    this.#listen(subject, now);
    if (state === 'connected') this.#climb(subject, now);
    this.#report(subject, now);
  }

  #listen(subject: Subject, now: Reading): void {
    // While a way is sought, what comes may not be counted to the present pair.
    const came = now.received + now.arrived;
    if (came !== subject.came) {
      if (now.at - subject.heardAt >= silentAfter) subject.settledAt = now.at + settles;
      subject.came = came;
      subject.heardAt = now.at;
      this.#hold(subject, false);
      if (this.#invented < unintelligible) this.#understoodAt = now.at;
      this.#options.arrives();
      return;
    }
    const patience = now.at < this.#suspectUntil ? suspicious.after : silentAfter;
    if (now.at - subject.heardAt < patience) return;
    this.#hold(subject, isThin(subject.climbed?.available ?? 0));
    if (now.at - subject.soughtAt >= seekAgain) {
      // It needs neither the socket nor its round trips.
      subject.soughtAt = now.at;
      void subject.peer.seek();
    }
    this.#options.silent();
  }

  // Whom nothing reaches needs a thin uplink for the way back: a socket, an offer.
  #hold(subject: Subject, held: boolean): void {
    if (subject.held === held) return;
    subject.held = held;
    this.#shape(subject);
  }

  #shape({ peer, ladder, held }: Subject): void {
    void peer.shape(ladder.voice, held ? noPicture : ladder.picture, held ? noPicture : ladder.small);
  }

  #judge(): void {
    const mute = this.#now() - this.#understoodAt >= muteAfter;
    if (mute === this.#mute) return;
    this.#mute = mute;
    this.#options.mute(mute);
  }

  #climb(subject: Subject, now: Reading): void {
    const { ladder, climbed } = subject;
    if (climbed && now.at - climbed.at < climbEvery) return;
    if (now.at - subject.heardAt >= silentAfter) return; // an estimate is worth nothing while nothing comes back
    subject.climbed = now;
    if (now.at < subject.settledAt) return ladder.forget();
    const paused = ladder.paused;
    const { at, rtt, packets: sent, missed: lost } = now;
    const available = believed(climbed, now, ladder.picture.rate + ladder.small.rate);
    const { useful } = this.#options;
    if (!ladder.take({ at, available, rtt, sent, lost }, useful(true), useful(false) !== undefined)) return;
    this.#shape(subject);
    if (ladder.paused !== paused) this.#options.paused(ladder.paused);
  }

  #report(subject: Subject, now: Reading): void {
    const { last } = subject;
    const due = subject.reports === 0 ? reportFirst : reportEvery;
    if (last && now.at - last.at < due) return;
    subject.last = now;
    if (!last) return;
    subject.reports++;
    const quality = compare(last, now);
    this.#invented = quality.concealed;
    // What the browser believes in at first is what it was told, not what it measured.
    const known = subject.reports > 1;
    this.#options.quality(quality, known && isThin(now.available, this.#options.useful(false)));
  }
}

/** Whether the uplink is weak by what the browser believes in, kbit/s: not where the server wants no more. */
export function isThin(available: number, useful = Infinity): boolean {
  return available > 0 && available < Math.min(enoughUp, useful);
}

/** What is remembered of one connection. */
class Subject {
  readonly ladder = new Ladder();
  came = -1; // bytes and packets, ever
  climbed: Reading | undefined; // the last one that the ladder took
  soughtAt = -Infinity;
  held = false; // the picture, while nothing arrives
  settledAt = 0;
  last: Reading | undefined;
  reports = 0;

  constructor(
    readonly peer: Watched,
    public heardAt: number,
  ) {}
}
