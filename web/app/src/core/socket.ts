// A WebSocket that stays: it says hello with a fresh ticket or a resume token,
// notices a dead link by unanswered pings, and comes back by itself unless the
// server said not to. What is said on it belongs to socket-desk and socket-room.

import { mayReturn } from '../gen/protocol';
import { earlySocket } from './early';

/** What this needs of a WebSocket; the browser's own fits. */
export interface Wire {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: MessageEvent<string>) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

export interface Frame {
  type: string;
  body?: unknown;
  offset?: number;
}

/** connecting: never been open; away: was open, is coming back; closed: for good. */
export type LinkState = 'connecting' | 'open' | 'away' | 'closed';

export interface LinkOptions {
  /** Address of the socket; asked anew for every attempt. */
  url: () => string;
  /** The first frame. A rejection counts as a failed attempt, unless it is a Refused. */
  hello: () => Promise<Frame>;
  /** Called for every frame but pongs; the first is the answer to hello. */
  receive: (frame: Frame) => void;
  state: (state: LinkState, code?: number) => void;
  /** Every close by the other side, with its code, before the next attempt. */
  closed?: (code: number) => void;
  /** An answer to prove() came. */
  proved?: () => void;
  /** Waits between attempts, in ms; the first and the longest. */
  waits?: { first: number; most: number };
  open?: (url: string) => Wire;
  random?: () => number;
}

/** Thrown by hello when there is no point in trying again. */
export class Refused extends Error {
  constructor(readonly code: number) {
    super('refused');
  }
}

const pingEvery = 4_000; // ms
const deadAfter = 9_000; // ms that a ping may stay unanswered
// How long an answer to prove() may take: two of the shortest round trips, at least a
// moment, and longer while none is known. A new socket costs little, and waiting costs a call.
const proofLeast = 400; // ms
const proofMargin = 200; // ms
const proofUnknown = 1_200; // ms
const helloWithin = 12_000; // ms from opening to the first frame
// An attempt that began in an outage goes on seconds after it, or never after a new
// address. One that is older than this, and than so many of the last known round trips,
// may be begun anew; the next is given twice as long.
const attemptGood = 3_000; // ms
const attemptTrips = 8;
const usualWaits = { first: 400, most: 12_000 }; // ms

/** How long to wait before attempt n (0 is the first retry): full jitter above a floor. */
export function backoff(n: number, random: number, { first, most } = usualWaits): number {
  const ceiling = Math.min(most, first * 2 ** n);
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

export class Link {
  state: LinkState = 'connecting';
  /** Round trip of the last ping in ms, NaN before the first. */
  rtt = NaN;

  readonly #options: LinkOptions;
  #shortest = Infinity; // round trip on this wire, ms
  #wire: Wire | undefined;
  #attempt = 0;
  #tries = 0; // attempts ever begun; makes late callbacks of an older wire void
  #began = 0; // when the last of them was, or was answered
  #patience = 1; // twice as long for each attempt in a row that was given up
  #ready = false; // hello was answered
  #stopped = false;
  #pinged = 0; // when the unanswered ping was sent, 0 for none
  #ticker: ReturnType<typeof setInterval> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #proof: ReturnType<typeof setTimeout> | undefined; // until prove() must be answered
  readonly #retryNow = () => {
    if (this.#timer === undefined) return; // it is open, or ended
    this.#attempt = 0;
    void this.#connect();
  };

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Opens the link, again if it had been closed. */
  start(): void {
    this.#stopped = false;
    this.state = 'connecting';
    this.#attempt = 0;
    globalThis.addEventListener?.('online', this.#retryNow);
    void this.#connect();
  }

  /** Sends a frame if the link is open and says whether it did. */
  send(type: string, body: unknown = {}): boolean {
    if (!this.#ready || !this.#wire) return false;
    this.#wire.send(JSON.stringify({ type, body }));
    return true;
  }

  /** Ends the link for good. */
  close(code = 1000): void {
    if (this.#stopped) return;
    this.#finish(code);
  }

  /** Asks whether the connection lives. One that does not answer soon is replaced, or does not open. */
  prove(): void {
    if (!this.#ready) {
      const good = this.#patience * Math.max(attemptGood, attemptTrips * (this.rtt || 0));
      if (Date.now() - this.#began < good) return;
      this.#patience *= 2;
      this.reconnect();
      return;
    }
    if (this.#proof !== undefined) return;
    this.#pinged ||= Date.now();
    this.send('ping', { at: Date.now() });
    const known = Number.isFinite(this.#shortest);
    const patience = known ? Math.max(proofLeast, 2 * this.#shortest + proofMargin) : proofUnknown;
    this.#proof = setTimeout(() => this.reconnect(), patience);
  }

  /** Drops the present connection and comes back at once, for a link thought dead. */
  reconnect(): void {
    if (this.#stopped) return;
    this.#attempt = 0;
    this.#gone();
    void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#drop();
    const mine = ++this.#tries;
    this.#began = Date.now();
    let hello: Frame;
    try {
      hello = await this.#options.hello();
    } catch (error) {
      if (mine !== this.#tries || this.#stopped) return;
      if (error instanceof Refused) this.#finish(error.code);
      else this.#later();
      return;
    }
    if (mine !== this.#tries || this.#stopped) return;
    const open = this.#options.open ?? ((url: string) => (earlySocket(url) ?? new WebSocket(url)) as Wire);
    const wire = open(this.#options.url());
    this.#wire = wire;
    this.#timer = setTimeout(() => this.#lost(mine), helloWithin);
    wire.onopen = () => {
      this.#began = Date.now();
      wire.send(JSON.stringify(hello));
    };
    if (wire.readyState === 1) wire.onopen(undefined as never); // it was opened early
    wire.onmessage = (event) => mine === this.#tries && this.#receive(event.data);
    wire.onclose = (event) => {
      if (mine !== this.#tries || this.#stopped) return;
      this.#options.closed?.(event.code);
      if (mayReturn(event.code)) this.#lost(mine);
      else this.#finish(event.code);
    };
  }

  #receive(text: string): void {
    let frame: Frame;
    try {
      frame = JSON.parse(text) as Frame;
    } catch {
      return; // not ours; the server sends JSON only
    }
    if (frame.type === 'pong') {
      if (this.#pinged) {
        this.rtt = Date.now() - this.#pinged;
        this.#shortest = Math.min(this.#shortest, this.rtt);
      }
      this.#pinged = 0;
      if (this.#proof === undefined) return;
      clearTimeout(this.#proof);
      this.#proof = undefined;
      this.#options.proved?.();
      return;
    }
    if (!this.#ready && frame.type === 'welcome') {
      this.#ready = true;
      this.#attempt = 0;
      this.#patience = 1;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#pinged = 0;
      this.#ticker = setInterval(() => this.#ping(), pingEvery);
      this.#options.receive(frame);
      this.#become('open');
      this.#ping();
      return;
    }
    this.#options.receive(frame);
  }

  // A hidden page's timers may run once a minute, so what counts is how long one
  // ping has been unanswered, not how long ago the last frame came.
  #ping(): void {
    const now = Date.now();
    if (this.#pinged && now - this.#pinged > deadAfter) {
      this.#lost(this.#tries);
      return;
    }
    if (this.#pinged) return;
    this.#pinged = now;
    this.send('ping', { at: now });
  }

  #lost(mine: number): void {
    if (mine === this.#tries && !this.#stopped) this.#later();
  }

  #later(): void {
    this.#gone();
    const wait = backoff(this.#attempt++, (this.#options.random ?? Math.random)(), this.#options.waits);
    this.#timer = setTimeout(() => void this.#connect(), wait);
  }

  #gone(): void {
    this.#drop();
    if (this.state !== 'connecting') this.#become('away');
  }

  #drop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#proof);
    clearInterval(this.#ticker);
    this.#timer = this.#proof = undefined;
    this.#ready = false;
    this.#pinged = 0;
    this.#shortest = Infinity;
    const wire = this.#wire;
    this.#wire = undefined;
    if (!wire) return;
    wire.onopen = wire.onmessage = wire.onclose = null;
    wire.close();
  }

  #finish(code: number): void {
    this.#stopped = true;
    this.#tries++;
    globalThis.removeEventListener?.('online', this.#retryNow);
    this.#drop();
    this.#become('closed', code);
  }

  #become(state: LinkState, code?: number): void {
    if (state === this.state) return;
    this.state = state;
    this.#options.state(state, code);
  }
}

/** ws or wss, on the page's own host. */
export function socketURL(path: string): string {
  const { protocol, host } = globalThis.location;
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}${path}`;
}

/** Listeners by event name, typed by a map of name to argument. */
export class Listeners<Events> {
  readonly #all = new Map<keyof Events, Set<(value: never) => void>>();

  on<K extends keyof Events>(type: K, fn: (value: Events[K]) => void): () => void {
    let set = this.#all.get(type);
    if (!set) this.#all.set(type, (set = new Set()));
    set.add(fn);
    return () => set.delete(fn);
  }

  emit<K extends keyof Events>(type: K, value: Events[K]): void {
    this.#all.get(type)?.forEach((fn) => fn(value as never));
  }
}
