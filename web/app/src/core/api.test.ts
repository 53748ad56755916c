import { afterEach, describe, expect, test, vi } from 'vitest';
import { address, api, onProblem, Problem } from './api';

afterEach(() => vi.unstubAllGlobals());

function answer(status: number, body?: unknown, headers: Record<string, string> = {}) {
  const fetched = vi.fn<(url: string, init: RequestInit) => Promise<Response>>(async () => {
    const text = body === undefined ? null : JSON.stringify(body);
    return new Response(text, { status, headers });
  });
  vi.stubGlobal('fetch', fetched);
  return fetched;
}

describe('address', () => {
  test('fills names and leaves out what is empty', () => {
    expect(address('/api/consults/{id}', { id: 'a/b' }, { q: '', scope: 'mine', n: undefined })).toBe(
      '/api/consults/a%2Fb?scope=mine',
    );
  });
  test('repeats a name for each of several values', () => {
    expect(address('/x', {}, { state: ['draft', 'closed'] })).toBe('/x?state=draft&state=closed');
  });
});

describe('requests', () => {
  test('a POST carries a key and the version that was seen', async () => {
    const fetched = answer(200, {});
    await api.post('/api/consults/{id}/accept', { path: { id: '1' }, body: {}, version: 7, key: 'k' });
    const [url, init] = fetched.mock.calls[0]!;
    expect(url).toBe('/api/consults/1/accept');
    expect(init.headers).toMatchObject({ 'Idempotency-Key': 'k', 'If-Match': '7' });
  });

  test('a refusal becomes a problem with the server’s code, and listeners hear of it', async () => {
    answer(409, { code: 'booked-twice', detail: 'x', missing: ['p1'] });
    const heard: string[] = [];
    const stop = onProblem((problem) => heard.push(problem.code));
    const caught = await api.get('/api/board').catch((cause: unknown) => cause);
    stop();
    expect(caught).toBeInstanceOf(Problem);
    expect(caught).toMatchObject({ status: 409, code: 'booked-twice', missing: ['p1'], passing: false });
    expect(heard).toEqual(['booked-twice']);
  });

  test('Retry-After is believed', async () => {
    answer(429, { code: 'too-many-tries' }, { 'Retry-After': '30' });
    const caught = (await api.get('/api/board').catch((cause: unknown) => cause)) as Problem;
    expect(caught.retryAfter).toBe(30);
  });

  test('no link is a passing problem', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('Failed to fetch');
    });
    const caught = (await api.get('/api/board').catch((cause: unknown) => cause)) as Problem;
    expect(caught).toMatchObject({ status: 0, code: 'offline', passing: true });
  });

  test('an answer that is no JSON is told by its status', async () => {
    vi.stubGlobal('fetch', async () => new Response('<html>', { status: 502 }));
    const caught = (await api.get('/api/board').catch((cause: unknown) => cause)) as Problem;
    expect(caught).toMatchObject({ status: 502, code: 'status-502', passing: true });
  });
});
