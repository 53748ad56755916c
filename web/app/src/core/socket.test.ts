import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deskFromServer, roomFromServer } from '../gen/protocol.fixtures';
import type { Ring } from '../gen/protocol';
import { backoff, Link, Refused, type Frame, type LinkState, type Wire } from './socket';
import { DeskSocket } from './socket-desk';
import { RoomSocket } from './socket-room';

class FakeWire implements Wire {
  static all: FakeWire[] = [];
  sent: Frame[] = [];
  readyState = 0;
  closed = false;
  onopen: Wire['onopen'] = null;
  onmessage: Wire['onmessage'] = null;
  onclose: Wire['onclose'] = null;
  constructor() {
    FakeWire.all.push(this);
  }
  send(text: string) {
    this.sent.push(JSON.parse(text) as Frame);
  }
  close() {
    this.closed = true;
  }
  hears(frame: Frame) {
    this.onmessage?.({ data: JSON.stringify(frame) } as MessageEvent<string>);
  }
  opens() {
    (this.onopen as (() => void) | null)?.();
  }
  types() {
    return this.sent.map((frame) => frame.type);
  }
}

const last = () => FakeWire.all.at(-1)!;
const opened = () => FakeWire.all.length;
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  FakeWire.all = [];
  const page = new EventTarget();
  for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent'] as const) {
    vi.stubGlobal(name, page[name].bind(page));
  }
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function link(
  hello: () => Promise<Frame> = () => Promise.resolve({ type: 'hello', body: {} }),
  open = () => new FakeWire(),
) {
  const states: [LinkState, number?][] = [];
  const frames: Frame[] = [];
  const proofs: number[] = [];
  const it = new Link({
    url: () => 'ws://test',
    hello,
    receive: (frame) => frames.push(frame),
    state: (state, code) => states.push(code === undefined ? [state] : [state, code]),
    proved: () => proofs.push(Date.now()),
    open,
    random: () => 1,
  });
  return { it, states, frames, proofs };
}

async function welcomed() {
  const made = link();
  made.it.start();
  await settle();
  last().opens();
  last().hears({ type: 'welcome', body: {} });
  return made;
}

describe('a link', () => {
  it('says hello first and is open once welcomed', async () => {
    const { it: socket, states, frames } = link();
    socket.start();
    await settle();
    last().opens();
    expect(last().types()).toEqual(['hello']);
    expect(socket.send('armed')).toBe(false);
    last().hears({ type: 'welcome', body: {} });
    expect(states).toEqual([['open']]);
    expect(frames.map((f) => f.type)).toEqual(['welcome']);
    expect(socket.send('armed')).toBe(true);
  });

  it('says hello at once on a socket that is open already', async () => {
    const made = new FakeWire();
    made.readyState = 1;
    const { it: socket } = link(undefined, () => made);
    socket.start();
    await settle();
    expect(made.types()).toEqual(['hello']);
  });

  it('comes back after a drop, later each time, and at once when the network returns', async () => {
    const { states } = await welcomed();
    last().onclose?.({ code: 1006 });
    expect(states.at(-1)).toEqual(['away']);
    await vi.advanceTimersByTimeAsync(399);
    expect(opened()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(opened()).toBe(2);
    last().onclose?.({ code: 1006 });
    await vi.advanceTimersByTimeAsync(700);
    expect(opened()).toBe(2);
    dispatchEvent(new Event('online'));
    await settle();
    expect(opened()).toBe(3);
  });

  it('proves that it lives, and is replaced at once when it does not', async () => {
    const { it: socket, states, proofs } = await welcomed();
    last().hears({ type: 'pong', body: {} });
    socket.prove();
    socket.prove();
    expect(
      last()
        .types()
        .filter((type) => type === 'ping'),
    ).toHaveLength(2); // the usual one and this
    last().hears({ type: 'pong', body: {} });
    expect(proofs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(opened()).toBe(1);
    socket.prove();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(opened()).toBe(2);
    expect(states.at(-1)).toEqual(['away']);
    expect(proofs).toHaveLength(1);
  });

  it('waits for a proof as long as the link takes, not as long as it once took', async () => {
    const { it: socket } = await welcomed();
    await vi.advanceTimersByTimeAsync(600);
    last().hears({ type: 'pong', body: {} });
    socket.prove();
    await vi.advanceTimersByTimeAsync(1_300);
    expect(opened()).toBe(1); // two round trips
    last().hears({ type: 'pong', body: {} });
    await vi.advanceTimersByTimeAsync(2_100); // the usual ping
    await vi.advanceTimersByTimeAsync(40);
    last().hears({ type: 'pong', body: {} });
    socket.prove();
    await vi.advanceTimersByTimeAsync(450);
    expect(opened()).toBe(2);
  });

  it('begins an attempt anew that is old when it is to prove itself', async () => {
    const { it: socket } = await welcomed();
    await vi.advanceTimersByTimeAsync(5_000);
    last().onclose?.({ code: 1006 });
    await vi.advanceTimersByTimeAsync(700);
    expect(opened()).toBe(2); // and nobody answers
    socket.prove();
    await settle();
    expect(opened()).toBe(2);
    await vi.advanceTimersByTimeAsync(3_000);
    socket.prove();
    await settle();
    expect(opened()).toBe(3);
    await vi.advanceTimersByTimeAsync(3_000);
    socket.prove(); // this one is given longer: the link may be that slow
    await settle();
    expect(opened()).toBe(3);
    await vi.advanceTimersByTimeAsync(3_000);
    socket.prove();
    await settle();
    expect(opened()).toBe(4);
  });

  it('does not begin an attempt anew that has just been answered', async () => {
    const { it: socket } = await welcomed();
    last().onclose?.({ code: 1006 });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(opened()).toBe(2);
    last().opens(); // the server's welcome is on its way
    await vi.advanceTimersByTimeAsync(1_000);
    socket.prove();
    await settle();
    expect(opened()).toBe(2);
    await vi.advanceTimersByTimeAsync(2_000);
    socket.prove();
    await settle();
    expect(opened()).toBe(3);
  });

  it('does not come back when the server says not to', async () => {
    const { states } = await welcomed();
    last().onclose?.({ code: 4501 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(opened()).toBe(1);
    expect(states.at(-1)).toEqual(['closed', 4501]);
  });

  it('stops when there is no way in', async () => {
    const { it: socket, states } = link(() => Promise.reject(new Refused(4502)));
    socket.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(opened()).toBe(0);
    expect(states).toEqual([['closed', 4502]]);
  });

  it('notices a dead link by a ping that nobody answers', async () => {
    const { states } = await welcomed();
    const first = last();
    expect(first.types()).toContain('ping');
    first.hears({ type: 'pong', body: { at: 0, server: 0 } });
    await vi.advanceTimersByTimeAsync(4_000); // the next ping
    await vi.advanceTimersByTimeAsync(12_000);
    expect(first.closed).toBe(true);
    expect(states.at(-1)?.[0]).toBe('away');
  });

  it('tries again when hello is never answered', async () => {
    const { it: socket } = link();
    socket.start();
    await settle();
    last().opens();
    await vi.advanceTimersByTimeAsync(12_400);
    expect(opened()).toBe(2);
  });

  it('waits between half and all of a doubling time, at most twelve seconds', () => {
    expect(backoff(0, 0)).toBe(200);
    expect(backoff(0, 1)).toBe(400);
    expect(backoff(3, 1)).toBe(3200);
    expect(backoff(30, 1)).toBe(12_000);
  });
});

describe('the desk socket', () => {
  const desk = () =>
    new DeskSocket({ ticket: () => Promise.resolve('t'), open: () => new FakeWire(), url: 'ws://test' });

  it('takes every message of the protocol and keeps the rings', async () => {
    const socket = desk();
    let rings: Ring[] = [];
    const heard: string[] = [];
    socket.on('rings', (now) => (rings = now));
    for (const type of ['changed', 'presence', 'notice'] as const) socket.on(type, () => heard.push(type));
    socket.start();
    await settle();
    last().opens();
    for (const frame of deskFromServer) last().hears(frame);
    expect(new Set(heard)).toEqual(new Set(['changed', 'presence', 'notice']));
    const ring: Ring = { consult: 'c1', department: 'd', wave: 1, until: 1 };
    last().hears({ type: 'ring', body: ring });
    last().hears({ type: 'ring', body: { ...ring, wave: 2 } });
    expect(rings.filter((r) => r.consult === 'c1').map((r) => r.wave)).toEqual([2]);
    last().hears({ type: 'ring-stopped', body: { consult: 'c1', why: 'taken' } });
    expect(rings.some((r) => r.consult === 'c1')).toBe(false);
  });

  it('continues from the last event it saw, and is armed again', async () => {
    const socket = desk();
    socket.start();
    await settle();
    last().opens();
    last().hears({ type: 'welcome', body: { epoch: 'e', offset: 4, resumed: false, rings: [] } });
    socket.arm(true);
    last().hears({
      type: 'changed',
      offset: 5,
      body: { consult: 'c', state: 'invited', version: 2, verb: 'invite' },
    });
    last().onclose?.({ code: 4000 });
    await vi.advanceTimersByTimeAsync(500);
    last().opens();
    expect(last().sent[0]).toEqual({ type: 'hello', body: { ticket: 't', epoch: 'e', offset: 5 } });
    last().hears({ type: 'welcome', body: { epoch: 'e', offset: 5, resumed: true, rings: [] } });
    expect(last().sent).toContainEqual({ type: 'armed', body: { armed: true } });
  });

  it('says that all is stale after a gap only', async () => {
    const socket = desk();
    let stale = 0;
    socket.on('stale', () => stale++);
    socket.start();
    await settle();
    last().opens();
    last().hears({ type: 'welcome', body: { epoch: 'e', offset: 4, resumed: false, rings: [] } });
    last().hears({ type: 'welcome', body: { epoch: 'e', offset: 9, resumed: true, rings: [] } });
    expect(stale).toBe(1);
  });
});

describe('the room socket', () => {
  const welcome = roomFromServer.find((frame) => frame.type === 'welcome')!;
  const room = () => {
    let tickets = 0;
    const heard: string[] = [];
    const socket = new RoomSocket({
      consult: 'c',
      ticket: () => Promise.resolve(`ticket-${++tickets}`),
      receive: (frame) => heard.push(frame.type),
      state: () => undefined,
      open: () => new FakeWire(),
      url: 'ws://test',
    });
    return { socket, heard };
  };
  const drop = async (code: number) => {
    last().onclose?.({ code });
    await vi.advanceTimersByTimeAsync(1_000);
    last().opens();
    return last().sent[0]?.body as { ticket?: string; resume?: string; chat?: number };
  };

  it('resumes by its token and asks for a ticket when that is refused', async () => {
    const { socket } = room();
    socket.start();
    await settle();
    last().opens();
    expect(last().sent[0]?.body).toEqual({ ticket: 'ticket-1' });
    last().hears({ type: 'welcome', body: { ...welcome.body, token: 'room-token', chat: [] } });
    expect(await drop(1006)).toEqual({ resume: 'room-token' });
    expect(await drop(4003)).toEqual({ ticket: 'ticket-2' });
  });

  it('does not try a token that is too old', async () => {
    const { socket } = room();
    socket.start();
    await settle();
    last().opens();
    last().hears({ type: 'welcome', body: { ...welcome.body, token: 'old', chat: [] } });
    for (let minute = 0; minute < 10; minute++) {
      await vi.advanceTimersByTimeAsync(4_000);
      last().hears({ type: 'pong', body: { at: 0, server: 0 } });
    }
    vi.setSystemTime(Date.now() + 10 * 60_000);
    expect(await drop(1006)).toEqual({ ticket: 'ticket-2' });
  });

  it('says again what was typed while the link was away, once', async () => {
    const { socket } = room();
    socket.start();
    await settle();
    last().opens();
    last().hears({ type: 'welcome', body: { ...welcome.body, chat: [] } });
    last().onclose?.({ code: 1006 });
    socket.chat('k1', 'BP 150/90');
    await vi.advanceTimersByTimeAsync(500);
    last().opens();
    last().hears({ type: 'welcome', body: { ...welcome.body, chat: [] } });
    expect(last().sent).toContainEqual({ type: 'chat', body: { key: 'k1', text: 'BP 150/90' } });
    last().hears({
      type: 'chat',
      body: { seq: 7, key: 'k1', person: 'p', name: 'n', at: 1, text: 'BP 150/90' },
    });
    expect((await drop(1006)).chat).toBe(7);
    last().hears({ type: 'welcome', body: { ...welcome.body, chat: [] } });
    expect(last().types()).not.toContain('chat');
  });

  it('passes on every message of the protocol but pongs', async () => {
    const { socket, heard } = room();
    socket.start();
    await settle();
    last().opens();
    for (const frame of roomFromServer) last().hears(frame);
    const types = new Set<string>(roomFromServer.map((frame) => frame.type));
    types.delete('pong');
    expect(new Set(heard)).toEqual(types);
  });
});
