// One person's visit to a room, from lobby to goodbye: joins the socket, the
// peer connection and the devices, and holds what the screens show of them.
import { api, newKey, Problem } from '../../core/api';
import {
  byParticipant,
  linkWord,
  Negotiation,
  type LinkWord,
  type PeerState,
  type Source,
  type Weak,
  weakSide,
} from '../../core/call';
import { BrowserPeer } from '../../core/call-browser';
import type { Watch } from '../../core/call-watch';
import { Media, type Capture, type CaptureState } from '../../core/media';
import { Refused, type LinkState } from '../../core/socket';
import { RoomSocket } from '../../core/socket-room';
import {
  closeCodes,
  type ChatMessage,
  type Layer,
  type Line,
  type Participant,
  type Quality,
  type RoomFromServer,
  type RoomWelcome,
} from '../../gen/protocol';

/** Why the visit is over. */
export type Over =
  | { why: 'ended'; by: { name: string; name_latin?: string } }
  | { why: 'left' | 'elsewhere' | 'signed-out' | 'removed' }
  | { why: 'refused'; problem: Problem };

export type Tracks = Partial<Record<Source, MediaStreamTrack>>;

const measureEvery = 4_000; // ms
const measureFirst = 700; // ms; a first word about the link
const chatAgain = 3_000; // ms

export class Visit {
  readonly media = new Media();
  link = $state.raw<LinkState>('connecting');
  peer = $state.raw<PeerState>('new');
  phase = $state.raw<Participant['phase'] | 'joining'>('joining');
  me = $state.raw('');
  may = $state.raw<string[]>([]);
  roster = $state.raw<Participant[]>([]);
  chat = $state.raw<ChatMessage[]>([]);
  unsent = $state.raw<{ key: string; text: string }[]>([]);
  /** State and version of the consult, as the room last said. */
  state = $state.raw('');
  version = $state.raw(0);
  /** ms since the epoch when the call began, 0 before. */
  began = $state.raw(0);
  over = $state.raw<Over | null>(null);
  quality = $state.raw<Quality | null>(null);
  /** The uplink bears sound only; the camera waits. */
  paused = $state.raw(false);
  /** Code of the last message that the server would not carry out. */
  trouble = $state.raw('');
  /** The browser keeps sound back until a click. */
  muffled = $state.raw(false);
  admittedBy = $state.raw('');

  #lines = $state.raw<Line[]>([]);
  #generation = $state.raw(0); // counts peer connections
  #changes = $state.raw(0); // counts changes of devices
  #rtt = $state.raw(NaN);
  #relays: RTCIceServer[] = []; // for the next peer connection
  readonly #socket: RoomSocket;
  readonly #call: Negotiation<BrowserPeer>;
  readonly #sounds = new Set<HTMLMediaElement>();
  #refusal: Problem | undefined;
  #admitting = ''; // whom to let in once inside
  /** For a while now nobody could have been understood. */
  mute = $state.raw(false);

  #thin = $state.raw(false); // the uplink
  #layers: Layer[] = []; // what is of use of our own pictures
  #watch: Watch | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;

  constructor(readonly consult: string) {
    this.#socket = new RoomSocket({
      consult,
      ticket: () => this.#ticket(),
      receive: (frame) => this.#receive(frame as RoomFromServer),
      state: (state, code) => this.#linked(state, code),
      proved: () => this.#call.proved(),
    });
    this.#call = new Negotiation<BrowserPeer>({
      peer: (hooks) => new BrowserPeer(hooks, this.#relays),
      send: (offer) => this.#socket.send('offer', offer),
      begun: () => {
        this.#generation++;
        this.attach();
      },
      lines: (lines) => (this.#lines = lines),
      prove: () => this.#socket.prove(),
      state: (state) => (this.peer = state),
    });
    this.media.on('change', () => {
      this.#changes++;
      this.#tell();
    });
    this.media.on('track', () => this.attach());
  }

  start(): void {
    this.over = null;
    this.#socket.start();
    setTimeout(() => this.#measure(), measureFirst);
    this.#ticker = setInterval(() => this.#measure(), measureEvery);
  }

  /** Asks for camera and microphone, as far as the person may use them. */
  async openDevices(): Promise<void> {
    await this.media.open({ microphone: true, camera: true });
  }

  close(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#watch?.close();
    this.#watch = undefined;
    this.#call.close();
    this.media.close();
    this.#socket.close();
  }

  // What the person does

  knock(): void {
    this.#socket.send('knock', {});
  }

  /** Lets somebody in; from the lobby by going in first. */
  admit(participant: string): void {
    if (this.phase === 'in') {
      this.#socket.send('admit', { participant });
      return;
    }
    this.#admitting = participant;
    this.knock();
  }

  say(text: string): void {
    const key = newKey();
    this.unsent = [...this.unsent, { key, text }];
    this.#socket.chat(key, text);
  }

  async turn(source: Capture, on: boolean): Promise<void> {
    await this.media.turn(source, on);
  }

  async share(on: boolean): Promise<void> {
    if (!on) this.media.stopSharing();
    else if (await this.media.share()) this.#call.carry('screen');
  }

  leave(): void {
    this.#socket.send('leave', {});
    this.#finish({ why: 'left' });
  }

  endAll(): void {
    this.#socket.send('end', {});
  }

  /** Plays what the browser kept back; call it from a click. */
  async unmuffle(): Promise<void> {
    await Promise.all([...this.#sounds].map((sound) => sound.play().catch(() => undefined)));
    this.muffled = [...this.#sounds].some((sound) => sound.paused);
  }

  // What the screens show

  capture(source: Capture): CaptureState {
    void this.#changes;
    return this.media.state[source];
  }

  /** Whether others hear or see this source of ours (once in the call). */
  live(source: Source): boolean {
    void this.#changes;
    return this.media.live(source);
  }

  own(source: Source): MediaStreamTrack | undefined {
    void this.#changes;
    return this.media.track(source);
  }

  get devices() {
    void this.#changes;
    return this.media.devices;
  }

  get chosen() {
    void this.#changes;
    return this.media.chosen;
  }

  get self(): Participant | undefined {
    return this.roster.find((participant) => participant.id === this.me);
  }

  get others(): Participant[] {
    return this.roster.filter((participant) => participant.id !== this.me);
  }

  get waiting(): Participant[] {
    return this.others.filter((participant) => participant.phase === 'waiting');
  }

  /** Arriving tracks by participant. */
  get tracks(): Map<string, Tracks> {
    void this.#generation;
    const all = new Map<string, Tracks>();
    for (const [participant, carried] of byParticipant(this.#lines)) {
      const tracks: Tracks = {};
      for (const [source, mid] of Object.entries(carried)) {
        tracks[source as Source] = this.#call.peer?.track(mid);
      }
      all.set(participant, tracks);
    }
    return all;
  }

  /** Whether the server holds a picture back, because the own link does not carry it. */
  withheld(participant: string, source: Source): boolean {
    return this.#lines.some((l) => l.participant === participant && l.source === source && l.paused);
  }

  /** The own link in one word. */
  get word(): LinkWord {
    if (this.link !== 'open') return this.link === 'connecting' ? 'unknown' : 'lost';
    if (this.phase === 'in' && this.peer !== 'connected')
      return this.peer === 'new' || this.peer === 'connecting' ? 'unknown' : 'lost';
    if (this.quality && this.phase === 'in') {
      return linkWord(this.quality.rtt, Math.max(this.quality.loss_up, this.quality.loss_down));
    }
    return linkWord(this.#rtt, 0);
  }

  /** Which direction of the own link is weak. */
  get weak(): Weak {
    if (this.phase !== 'in' || this.word === 'lost' || this.word === 'unknown' || !this.quality) return '';
    // Sound alone says little of what the uplink would bear.
    const pictured = this.may.includes('camera') && this.live('camera');
    if (pictured && (this.paused || this.#thin)) return 'up';
    return weakSide(this.quality.loss_up, this.quality.loss_down);
  }

  /** The consult is a call now, if an interrupted one. */
  get running(): boolean {
    return this.state === 'in-call' || this.state === 'interrupted';
  }

  /** The call's connection and its socket are both there. */
  get stands(): boolean {
    return this.peer === 'connected' && this.link === 'open';
  }

  /** Whether of some picture only stills come, because the own link does not carry it. */
  get stills(): boolean {
    return this.#lines.some((l) => l.stills);
  }

  /** Whether there is something that the people in the call should know without asking. */
  get news(): boolean {
    return (
      this.peer === 'failed' ||
      this.peer === 'disconnected' ||
      this.link === 'away' ||
      this.state === 'interrupted' ||
      this.mute ||
      this.stills ||
      this.muffled ||
      this.paused ||
      this.waiting.length > 0 ||
      this.others.some((one) => !one.connected) ||
      (['microphone', 'camera'] as const).some((source) => /denied|busy|missing/.test(this.capture(source)))
    );
  }

  /** Attachment for an element that sounds: plays, and remembers when it may not. */
  sound = (element: HTMLMediaElement): (() => void) => {
    this.#sounds.add(element);
    element.play().catch((cause: unknown) => {
      if (cause instanceof DOMException && cause.name === 'NotAllowedError') this.muffled = true;
    });
    return () => this.#sounds.delete(element);
  };

  // The socket's side

  async #ticket(): Promise<string> {
    try {
      const answer = await api.post('/api/consults/{id}/join', { path: { id: this.consult } });
      return answer.ticket;
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.passing || problem.status === 429) throw problem;
      this.#refusal = problem;
      throw new Refused(problem.status === 401 ? closeCodes.revoked : closeCodes.removed);
    }
  }

  #linked(state: LinkState, code?: number): void {
    this.link = state;
    if (state === 'away') this.#call.detach();
    if (state !== 'closed' || this.over) return;
    if (this.#refusal && code === closeCodes.removed)
      this.#finish({ why: 'refused', problem: this.#refusal });
    else if (code === closeCodes.takenOver) this.#finish({ why: 'elsewhere' });
    else if (code === closeCodes.revoked) this.#finish({ why: 'signed-out' });
    else if (code === closeCodes.ended) this.#finish({ why: 'ended', by: { name: '' } });
    else if (code === closeCodes.left) this.#finish({ why: 'left' });
    else this.#finish({ why: 'removed' });
  }

  #receive(frame: RoomFromServer): void {
    switch (frame.type) {
      case 'welcome':
        return this.#welcomed(frame.body);
      case 'renewed':
        this.#relays = frame.body.ice_servers;
        return;
      case 'answer':
        return void this.#call.answered(frame.body);
      case 'lines':
        this.#lines = frame.body.lines;
        return;
      case 'layers':
        this.#layers = frame.body.layers;
        return;
      case 'more-lines':
        return this.#call.more(frame.body);
      case 'joined':
      case 'updated':
        return this.#put(frame.body.participant);
      case 'left':
        this.roster = this.roster.filter((one) => one.id !== frame.body.participant);
        return;
      case 'chat':
        return this.#heard([frame.body]);
      case 'case':
        this.state = frame.body.state;
        this.version = frame.body.version;
        this.began = frame.body.began ?? this.began;
        return;
      case 'phase':
        this.admittedBy = frame.body.by ?? '';
        this.may = frame.body.may ?? this.may;
        return this.#entered(frame.body.phase);
      case 'ended':
        return this.#finish({
          why: 'ended',
          by: { name: frame.body.by ?? '', name_latin: frame.body.by_latin },
        });
      case 'error':
        return this.#failed(frame.body.code, frame.body.re ?? '');
    }
  }

  #welcomed(welcome: RoomWelcome): void {
    this.me = welcome.participant;
    this.may = welcome.may;
    this.roster = welcome.roster;
    this.state = welcome.state;
    this.version = welcome.version;
    this.began = welcome.began ?? this.began;
    this.#heard(welcome.chat);
    this.#relays = welcome.ice_servers;
    this.#layers = welcome.layers ?? [];
    this.#call.attach(welcome.resumed);
    if (welcome.resumed) this.#lines = welcome.lines;
    this.#entered(welcome.phase);
    this.#tell();
  }

  #entered(phase: Participant['phase']): void {
    this.phase = phase;
    if (phase === 'in' && !this.began) this.began = Date.now();
    if (phase === 'in' && this.#admitting) {
      this.admit(this.#admitting);
      this.#admitting = '';
    }
    this.attach();
    this.#tell();
  }

  #put(participant: Participant): void {
    const known = this.roster.some((one) => one.id === participant.id);
    this.roster = known
      ? this.roster.map((one) => (one.id === participant.id ? participant : one))
      : [...this.roster, participant];
  }

  #heard(messages: ChatMessage[]): void {
    if (messages.length === 0) return;
    const known = new Set(this.chat.map((message) => message.seq));
    const fresh = messages.filter((message) => !known.has(message.seq));
    this.chat = [...this.chat, ...fresh].sort((a, b) => a.seq - b.seq);
    const keys = new Set(messages.map((message) => message.key));
    this.unsent = this.unsent.filter((message) => !keys.has(message.key));
  }

  #failed(code: string, re: string): void {
    if (re === 'offer') return this.#call.refused();
    if (re === 'quality' || re === 'media') return;
    const passing = code === 'too-fast' || code === 'unavailable';
    if (re === 'chat' && passing) {
      setTimeout(() => this.unsent.forEach(({ key, text }) => this.#socket.chat(key, text)), chatAgain);
      return;
    }
    if (re === 'chat') {
      this.unsent.forEach(({ key }) => this.#socket.dropChat(key));
      this.unsent = [];
    }
    this.trouble = code;
  }

  // Media go out in the call alone; a lobby only warms the connection up.
  attach(): void {
    const peer = this.#call.peer;
    if (!peer) return;
    for (const source of ['microphone', 'camera', 'screen'] as const) {
      const track = this.phase === 'in' && this.may.includes(source) ? this.media.track(source) : undefined;
      void peer.put(source, track ?? null).catch(() => undefined); // a closed connection takes nothing
    }
  }

  #tell(): void {
    const on = (source: Source) => this.may.includes(source) && this.media.live(source);
    const paused = this.paused && on('camera');
    this.#socket.send('media', {
      microphone: on('microphone'),
      camera: on('camera'),
      screen: on('screen'),
      ...(paused ? { paused } : {}),
    });
  }

  /** The media connection, for whoever measures it. */
  get connection(): BrowserPeer | undefined {
    return this.#call.peer;
  }

  /** Has the call watched; what does it loads when the call stands. */
  attend(Watching: typeof Watch): void {
    if (!this.#ticker) return; // over meanwhile
    this.#watch ??= new Watching({
      peer: () => this.#call.peer && { peer: this.#call.peer, state: this.peer },
      useful: (small) =>
        this.#layers.find(({ source, rid }) => source === 'camera' && (rid === 's') === small)?.rate,
      arrives: () => this.#call.arrives(),
      silent: () => this.#call.silent(),
      changed: () => this.#socket.prove(),
      quality: (quality, thin) => {
        this.quality = quality;
        this.#thin = thin;
        this.#socket.send('quality', quality);
      },
      mute: (mute) => (this.mute = mute),
      paused: (paused) => {
        if (paused === this.paused) return;
        this.paused = paused;
        this.#tell();
      },
    });
  }

  #measure(): void {
    this.#rtt = this.#socket.rtt;
  }

  #finish(over: Over): void {
    if (this.over) return;
    this.over = over;
    this.close();
  }
}
