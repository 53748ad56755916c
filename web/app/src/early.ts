// The way into a room, begun before the app is there: who this is, a ticket, and
// the room's socket, which takes three round trips to open. The server names this
// in a room's page (web/ahead.go); without it the app asks for the same by itself.
import type { Early } from './core/early';

const { host, pathname, protocol } = location;
const consult = pathname.split('/')[2]!;
const early: Early = {
  answers: {},
  socket: new WebSocket(`${protocol.replace('http', 'ws')}//${host}/ws/rooms/${consult}`),
};
(globalThis as { early?: Early }).early = early;

function ask(method: string, address: string, headers: Record<string, string>): void {
  const answer = fetch(address, {
    method,
    headers: { Accept: 'application/json', ...headers },
    signal: AbortSignal.timeout(30_000),
  });
  answer.catch(() => undefined); // who takes it is told
  early.answers[`${method} ${address}`] = answer;
}

ask('GET', '/api/session', {});
ask('POST', `/api/consults/${consult}/join`, { 'Idempotency-Key': crypto.randomUUID() });
