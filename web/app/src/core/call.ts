// Negotiation of the one peer connection: when to offer, which answer counts,
// whose media a line carries, when to begin anew. Pure: the browser is behind
// Peer, so this runs in Node.

import type { Answer, Line, Offer, Participant, Track } from '../gen/protocol';

export type Source = Track['source'];

/** Receiving sections wanted in all, by kind. */
export interface Wanted {
  audio: number;
  video: number;
}

export type PeerState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';

/** One RTCPeerConnection, as far as negotiation needs it. */
export interface Peer {
  /** Adds what is missing to carry sources and wanted lines, and makes an offer; anew: on a new path. */
  offer(sources: Source[], wanted: Wanted, anew: boolean): Promise<{ sdp: string; tracks: Track[] }>;
  answer(sdp: string): Promise<void>;
  close(): void;
}

export interface PeerHooks {
  state(state: PeerState): void;
}

export interface NegotiationOptions<P extends Peer> {
  peer: (hooks: PeerHooks) => P;
  /** Sends an offer on the room socket; false when the socket is away. */
  send: (offer: Offer) => boolean;
  /** A new peer connection stands: attach the tracks to it. */
  begun: (peer: P) => void;
  lines: (lines: Line[]) => void;
  /** Have the socket show that it works, or come back: proved() or attach() follows. */
  prove: () => void;
  state: (state: PeerState) => void;
}

/** How the voice is coded: bits per second, and ms of speech in a packet. */
export interface Voice {
  rate: number;
  packet: 20 | 40 | 60;
}

/** What the camera may cost: lines of the shorter side, kbit/s; no lines, no picture. */
export interface Picture {
  lines: number;
  fps: number;
  rate: number;
}

// A call begins with what a link of 64 kbit/s bears; what more there is shows in a second.
export const firstVoice: Voice = { rate: 12_000, packet: 60 };
export const firstPicture: Picture = { lines: 180, fps: 5, rate: 30 };
export const noPicture: Picture = { lines: 0, fps: 0, rate: 0 };
export const firstRate = 60; // kbit/s that the browser believes in before it has measured

/** Two spare pairs: enough for three people without a further round trip. */
export const firstLines: Wanted = { audio: 2, video: 2 };

const answerWithin = 10_000; // ms
// An outage heals by itself, and a new path makes it worse: the server forgets the
// old one. So media that stay away while the socket works get a moment more.
const healWithin = 500; // ms
const seekWithin = 2_000; // ms that the browser may take to find a way by itself (call-watch.ts)
const reviveWithin = 4_000; // ms on a new path before a new connection
const restartFirst = 500; // ms
const restartMost = 10_000; // ms
// A server asks for as many lines as there are sources; more than this is not a room.
const linesMost = 32;

export class Negotiation<P extends Peer> {
  peer: P | undefined;
  state: PeerState = 'new';

  readonly #options: NegotiationOptions<P>;
  #generation = 0; // of the peer connection; callbacks of an older one are void
  #sent = 0; // id of the newest offer
  #outstanding = false; // an offer is being made, or waits for its answer
  #dirty = false; // something changed since the newest offer
  #fresh = true; // no offer of this generation was answered yet
  #attached = false; // the socket is open
  #wanted: Wanted = { ...firstLines };
  #sources: Source[] = ['microphone', 'camera'];
  #restarts = 0;
  #stood = false; // this connection was connected once
  #silence = 0; // since when nothing arrives, ms; 0: something does
  #revived = false; // a new path was tried in this silence
  #anew = false; // the next offer asks for a new path
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: NegotiationOptions<P>) {
    this.#options = options;
  }

  /** The socket is open. resumed: the server still has our connection. */
  attach(resumed: boolean): void {
    if (this.#closed) return;
    this.#attached = true;
    const dead = this.state === 'closed' || (this.state === 'failed' && !this.#silence);
    if (!this.peer || !resumed || dead) this.restart();
    else if (this.#silence) this.#heals(0);
    else if (this.#outstanding || this.#dirty) void this.#make(); // an answer may have been lost with the socket
  }

  /** The socket is away; media goes on by itself. */
  detach(): void {
    this.#attached = false;
    clearTimeout(this.#timer);
  }

  /** Makes room for a source of our own; asks for nothing if there is room. */
  carry(source: Source): void {
    if (this.#sources.includes(source)) return;
    this.#sources = [...this.#sources, source];
    this.#reoffer();
  }

  /** The server has more to send than there are lines. */
  more(wanted: Wanted): void {
    const audio = Math.min(linesMost, Math.max(this.#wanted.audio, wanted.audio));
    const video = Math.min(linesMost, Math.max(this.#wanted.video, wanted.video));
    if (audio === this.#wanted.audio && video === this.#wanted.video) return;
    this.#wanted = { audio, video };
    this.#reoffer();
  }

  async answered(answer: Answer): Promise<void> {
    if (answer.id !== this.#sent || !this.peer || !this.#outstanding) return; // of an older offer
    clearTimeout(this.#timer);
    const generation = this.#generation;
    this.#options.lines(answer.lines); // at once: a newer map may come while the answer is applied
    try {
      await this.peer.answer(answer.sdp);
    } catch {
      if (generation === this.#generation) this.#restartLater();
      return;
    }
    if (generation !== this.#generation) return;
    this.#outstanding = false;
    this.#fresh = false;
    if (this.#dirty) this.#reoffer();
    else if (this.#silence && this.#revived)
      this.#timer = setTimeout(() => this.#silence && this.restart(), reviveWithin);
    else if (this.#silence) this.#options.prove();
  }

  /** Nothing has arrived for a while, or still does not. Whether the socket works decides what helps. */
  silent(): void {
    if (this.#closed || !this.peer || (this.#silence && this.#attached)) return;
    this.#silence ||= Date.now();
    this.#options.prove();
  }

  /** The socket works: what is silent now is the media's own path. */
  proved(): void {
    if (!this.#silence || this.#outstanding || !this.#attached) return;
    this.#heals(healWithin);
  }

  /** Media arrive. */
  arrives(): void {
    this.#revived = false;
    if (!this.#silence) return;
    this.#silence = 0;
    if (!this.#outstanding) clearTimeout(this.#timer);
    if (!this.#attached) this.#options.prove(); // the link is back
  }

  /** The server could not take the offer. */
  refused(): void {
    if (this.#outstanding) this.#restartLater();
  }

  /** Begins anew with a new peer connection. */
  restart(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.peer?.close();
    const generation = ++this.#generation;
    this.#outstanding = false;
    this.#fresh = true;
    this.#stood = this.#revived = this.#anew = false;
    this.#silence = 0;
    this.#moved('new');
    const peer = this.#options.peer({
      state: (state) => generation === this.#generation && this.#moved(state),
    });
    this.peer = peer;
    this.#options.lines([]);
    this.#options.begun(peer);
    this.#reoffer();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#generation++;
    this.peer?.close();
    this.peer = undefined;
  }

  // Media get so many ms more at least, and the browser its time to find a way.
  #heals(within: number): void {
    clearTimeout(this.#timer);
    const wait = Math.max(within, this.#silence + seekWithin - Date.now());
    this.#timer = setTimeout(() => this.#silence && this.#attached && this.#revive(), wait);
  }

  // Once per silence; a second time only a new connection helps.
  #revive(): void {
    if (this.#revived) {
      this.restart();
      return;
    }
    this.#revived = true;
    this.#anew = true;
    this.#outstanding = false; // an older answer is void
    this.#reoffer();
  }

  #reoffer(): void {
    this.#dirty = true;
    if (this.#attached && !this.#outstanding) void this.#make();
  }

  async #make(): Promise<void> {
    const peer = this.peer;
    if (!peer || this.#closed) return;
    this.#outstanding = true;
    this.#dirty = false;
    const anew = this.#anew;
    this.#anew = false;
    const generation = this.#generation;
    const id = ++this.#sent;
    const current = () => generation === this.#generation && id === this.#sent && this.#attached;
    try {
      const offer = await peer.offer(this.#sources, this.#wanted, anew);
      if (!current()) return; // attach() offers again
      const fresh = this.#fresh ? { fresh: true } : {};
      if (!this.#options.send({ id, ...fresh, ...offer })) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => current() && this.restart(), answerWithin);
    } catch {
      if (current()) this.#restartLater();
    }
  }

  #moved(state: PeerState): void {
    this.state = state;
    this.#options.state(state);
    if (state === 'connected') {
      this.#restarts = 0;
      this.#stood = true;
      this.#silence = 0;
      if (!this.#outstanding) clearTimeout(this.#timer); // it had been lost for a moment
    }
    if (state === 'failed' && (this.#revived || !this.#stood)) this.#restartLater();
    else if (state === 'failed' || state === 'disconnected') this.silent();
  }

  #restartLater(): void {
    clearTimeout(this.#timer);
    if (this.#closed || !this.#attached) return; // attach() begins anew
    const wait = Math.min(restartMost, restartFirst * 2 ** this.#restarts++);
    this.#timer = setTimeout(() => this.restart(), wait);
  }
}

/** What one participant's media is carried on, by source: the section's mid. */
export type Carried = Partial<Record<Source, string>>;

/** Turns the map of lines into who is carried where. */
export function byParticipant(lines: Line[]): Map<string, Carried> {
  const people = new Map<string, Carried>();
  for (const line of lines) {
    if (!line.participant || !line.source) continue;
    const carried = people.get(line.participant) ?? {};
    carried[line.source] = line.mid;
    people.set(line.participant, carried);
  }
  return people;
}

/** Who is shown large: a shared screen first, else the other side, else whoever came first. */
export function foremost(roster: Participant[], me: string, mySeat: string): Participant | undefined {
  const others = roster.filter((p) => p.id !== me && p.phase === 'in');
  const inviting = (seat: string) => seat === 'owner' || seat === 'accompanying';
  const rank = (p: Participant) =>
    (p.media.screen ? 0 : 4) +
    (inviting(p.seat) === inviting(mySeat) ? 2 : 0) +
    (p.seat === 'observer' || p.seat === 'interpreter' ? 1 : 0);
  return others.sort((a, b) => rank(a) - rank(b) || a.since - b.since || (a.id < b.id ? -1 : 1))[0];
}

/** Which direction keeps a link from being good. */
export type Weak = '' | 'up' | 'down';

export function weakSide(lossUp: number, lossDown: number): Weak {
  if (Math.max(lossUp, lossDown) <= 0.03) return '';
  return lossUp >= lossDown ? 'up' : 'down';
}

export type LinkWord = Participant['link'];

/** A link in one word, by round trip (ms) and loss (share): what a conversation feels like. */
export function linkWord(rtt: number, loss: number): LinkWord {
  if (!Number.isFinite(rtt)) return 'unknown';
  if (rtt > 600 || loss > 0.1) return 'poor';
  if (rtt > 250 || loss > 0.03) return 'fair';
  return 'good';
}
