import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { earlyAnswer, earlySocket, type Early } from './early';

const url = 'wss://here/ws/rooms/1';
let early: Early;

beforeEach(() => {
  const lost = Promise.reject<Response>(new TypeError('offline'));
  lost.catch(() => undefined);
  early = {
    answers: {
      'GET /good': Promise.resolve(new Response('{}')),
      'GET /refused': Promise.resolve(new Response('{}', { status: 401 })),
      'GET /lost': lost,
    },
    socket: { url, readyState: 0 } as WebSocket,
  };
  vi.stubGlobal('early', early);
  vi.stubGlobal('WebSocket', { OPEN: 1 });
});
afterEach(() => void vi.unstubAllGlobals());

it('gives each good answer once', async () => {
  expect(await earlyAnswer('GET', '/good')).toBeInstanceOf(Response);
  expect(await earlyAnswer('GET', '/good')).toBeUndefined();
});

it('leaves to the app what was refused or lost, and what nobody asked for', async () => {
  for (const address of ['/refused', '/lost', '/other'])
    expect(await earlyAnswer('GET', address)).toBeUndefined();
  vi.unstubAllGlobals();
  expect(await earlyAnswer('GET', '/good')).toBeUndefined();
});

it('gives the socket of this room once, unless it is closed', () => {
  expect(earlySocket('wss://here/ws/rooms/2')).toBeUndefined();
  const { socket } = early;
  expect(earlySocket(url)).toBe(socket);
  expect(earlySocket(url)).toBeUndefined();
  early.socket = { url, readyState: 3 } as WebSocket;
  expect(earlySocket(url)).toBeUndefined();
});
