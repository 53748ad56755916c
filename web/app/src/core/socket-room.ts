// The room socket: lobby, call and chat of one consult. It opens with a ticket
// from the API and comes back with the room token while that is fresh.

import { closeCodes, type ChatMessage, type RoomFromClient, type RoomWelcome } from '../gen/protocol';
import { Link, socketURL, type Frame, type LinkState, type Wire } from './socket';

/** What the browser says in a room, by message type. */
export type RoomSays = { [F in RoomFromClient as F['type']]: F['body'] };

export interface RoomSocketOptions {
  consult: string;
  /** A ticket from POST /api/consults/{id}/join. Throw Refused when there is no way in. */
  ticket: () => Promise<string>;
  receive: (frame: Frame) => void;
  state: (state: LinkState, code?: number) => void;
  /** The socket answered to prove(). */
  proved?: () => void;
  open?: (url: string) => Wire;
  url?: string;
  now?: () => number;
}

// A call waits for its socket: back within a moment when a server restarts.
const inCall = { first: 250, most: 3_000 }; // ms
// A room token lives 10 minutes and is renewed well before; an older one is not worth a try.
const tokenGood = 9 * 60_000; // ms

export class RoomSocket {
  readonly #options: RoomSocketOptions;
  readonly #socket: Link;
  #token = '';
  #tokenAt = 0;
  #seq = 0; // of the last chat message seen
  readonly #now: () => number;
  readonly #unsent = new Map<string, RoomSays['chat']>();

  constructor(options: RoomSocketOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#socket = new Link({
      url: () => options.url ?? socketURL(`/ws/rooms/${options.consult}`),
      open: options.open,
      hello: () => this.#hello(),
      receive: (frame) => this.#receive(frame),
      waits: inCall,
      proved: options.proved,
      closed: (code) => {
        if (code === closeCodes.ticketRefused) this.#token = ''; // the next hello brings a ticket
      },
      state: (state, code) => {
        if (state === 'open') this.#unsent.forEach((chat) => this.#socket.send('chat', chat));
        options.state(state, code);
      },
    });
  }

  get link(): LinkState {
    return this.#socket.state;
  }

  get rtt(): number {
    return this.#socket.rtt;
  }

  start(): void {
    this.#socket.start();
  }

  /** Asks whether the socket lives; one that does not answer is replaced. */
  prove(): void {
    this.#socket.prove();
  }

  send<K extends keyof RoomSays>(type: K, body: RoomSays[K]): boolean {
    return this.#socket.send(type, body);
  }

  /** Says something to the room; kept and said again until it comes back. */
  chat(key: string, text: string): void {
    this.#unsent.set(key, { key, text });
    this.#socket.send('chat', { key, text });
  }

  /** The message cannot be taken (too long, not allowed): stop trying. */
  dropChat(key: string): void {
    this.#unsent.delete(key);
  }

  close(): void {
    this.#socket.close(closeCodes.left);
  }

  async #hello(): Promise<Frame> {
    const chat = this.#seq ? { chat: this.#seq } : {};
    if (this.#token && this.#now() - this.#tokenAt < tokenGood) {
      return { type: 'hello', body: { resume: this.#token, ...chat } };
    }
    return { type: 'hello', body: { ticket: await this.#options.ticket(), ...chat } };
  }

  #receive(frame: Frame): void {
    switch (frame.type) {
      case 'welcome': {
        const welcome = frame.body as RoomWelcome;
        this.#keep(welcome.token);
        welcome.chat?.forEach((message) => this.#heard(message));
        break;
      }
      case 'renewed':
        this.#keep((frame.body as { token: string }).token);
        break;
      case 'chat':
        this.#heard(frame.body as ChatMessage);
    }
    this.#options.receive(frame);
  }

  #keep(token: string): void {
    this.#token = token;
    this.#tokenAt = this.#now();
  }

  #heard(message: ChatMessage): void {
    this.#seq = Math.max(this.#seq, message.seq);
    this.#unsent.delete(message.key);
  }
}
