// The desk socket: one per open app. Presence, rings and "this case changed".
// The desk's truth is the API: after a welcome that did not resume, whoever
// shows something reads it anew.

import type { Changed, DeskWelcome, Notice, Presence, Ring, RingStopped } from '../gen/protocol';
import { Link, Listeners, socketURL, type Frame, type LinkState, type Wire } from './socket';

export interface DeskEvents {
  link: LinkState;
  /** Everything may have changed; also the first thing after connecting. */
  stale: void;
  changed: Changed;
  presence: Presence;
  notice: Notice;
  /** All rings for this person, oldest first, whenever they change. */
  rings: Ring[];
}

export interface DeskOptions {
  /** A single-use ticket from POST /api/tickets/desk. Throw Refused when signed out. */
  ticket: () => Promise<string>;
  open?: (url: string) => Wire;
  url?: string;
}

export class DeskSocket {
  rings: Ring[] = [];
  /** Whether this page may ring; told to the server on every connection. */
  armed = false;

  readonly #events = new Listeners<DeskEvents>();
  readonly #socket: Link;
  #epoch = '';
  #offset = 0;

  constructor(options: DeskOptions) {
    this.#socket = new Link({
      url: () => options.url ?? socketURL('/ws/desk'),
      open: options.open,
      hello: async () => {
        const ticket = await options.ticket();
        const seen = this.#epoch ? { epoch: this.#epoch, offset: this.#offset } : {};
        return { type: 'hello', body: { ticket, ...seen } };
      },
      receive: (frame) => this.#receive(frame),
      state: (state) => {
        if (state === 'open' && this.armed) this.#socket.send('armed', { armed: true });
        this.#events.emit('link', state);
      },
    });
  }

  get link(): LinkState {
    return this.#socket.state;
  }

  on<K extends keyof DeskEvents>(type: K, fn: (value: DeskEvents[K]) => void): () => void {
    return this.#events.on(type, fn);
  }

  start(): void {
    this.#socket.start();
  }

  close(): void {
    this.#socket.close();
  }

  arm(armed: boolean): void {
    if (armed === this.armed) return;
    this.armed = armed;
    this.#socket.send('armed', { armed });
  }

  #receive(frame: Frame): void {
    if (frame.offset) this.#offset = frame.offset;
    switch (frame.type) {
      case 'welcome': {
        const welcome = frame.body as DeskWelcome;
        this.#epoch = welcome.epoch;
        this.#offset = welcome.offset;
        this.#ring(welcome.rings ?? []);
        if (!welcome.resumed) this.#events.emit('stale', undefined);
        return;
      }
      case 'ring': {
        const ring = frame.body as Ring;
        this.#ring([...this.rings.filter((other) => other.consult !== ring.consult), ring]);
        return;
      }
      case 'ring-stopped': {
        const stopped = frame.body as RingStopped;
        this.#ring(this.rings.filter((ring) => ring.consult !== stopped.consult));
        return;
      }
      case 'changed':
        this.#events.emit('changed', frame.body as Changed);
        return;
      case 'presence':
        this.#events.emit('presence', frame.body as Presence);
        return;
      case 'notice':
        this.#events.emit('notice', frame.body as Notice);
    }
  }

  #ring(rings: Ring[]): void {
    if (rings.length === 0 && this.rings.length === 0) return;
    this.rings = rings;
    this.#events.emit('rings', rings);
  }
}
