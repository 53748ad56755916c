// The one door to the HTTP API. Paths, bodies and answers are typed by the
// OpenAPI description that the server generates; nothing is typed twice.
import type { paths } from '../gen/api';
import { earlyAnswer } from './early';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** A failed request. `code` is the server's, or one of ours: offline, timeout. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly possible: string[];
  readonly missing: string[];
  readonly retryAfter: number;

  constructor(status: number, code: string, more: ProblemBody = {}) {
    super(more.detail ?? code);
    this.status = status;
    this.code = code;
    this.possible = more.possible ?? [];
    this.missing = more.missing ?? [];
    this.retryAfter = more.retry_after ?? 0;
  }

  /** The request may never have reached the server: worth trying again. */
  get passing(): boolean {
    return this.status === 0 || this.status >= 502;
  }
}

interface ProblemBody {
  code?: string;
  detail?: string;
  possible?: string[] | null;
  missing?: string[] | null;
  retry_after?: number;
}

type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, infer O> ? (undefined extends O ? never : P) : never;
}[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
type Parameters<O, W extends string> = O extends { parameters: infer A }
  ? A extends { [K in W]?: infer V }
    ? V
    : never
  : never;
type JSONBody<O> = O extends { requestBody?: infer B }
  ? NonNullable<B> extends { content: { 'application/json': infer T } }
    ? T
    : never
  : never;
type Good<R> = R extends Record<200, infer A> ? A : R extends Record<201, infer A> ? A : never;
type Answer<O> = O extends { responses: infer R }
  ? Good<R> extends { content: { 'application/json': infer T } }
    ? T
    : undefined
  : never;

export interface Options<O> {
  path?: NonNullable<Parameters<O, 'path'>>;
  query?: NonNullable<Parameters<O, 'query'>>;
  body?: Omit<JSONBody<O>, '$schema'> | JSONBody<O>;
  /** Makes a repeated POST one act. Given for everything that is not a plain read. */
  key?: string;
  /** The version of the case that the person was looking at. */
  version?: number;
  signal?: AbortSignal;
  /** Milliseconds; a village link needs patience. */
  timeout?: number;
}

type Listener = (problem: Problem) => void;
const listeners = new Set<Listener>();

/** Hears of every failed request (session ended, locked). */
export function onProblem(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let background = false;

/**
 * Requests begun by read() are marked as nobody's click: they keep the page up
 * to date but don't hold off the idle lock.
 */
export function inBackground(read: () => void): void {
  background = true;
  try {
    read();
  } finally {
    background = false;
  }
}

const patience = 30_000;

async function request<P extends keyof paths, M extends Method>(
  method: M,
  template: P,
  options: Options<Operation<P, M>> = {},
): Promise<Answer<Operation<P, M>>> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (background) headers['Consilium-Background'] = '1';
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (method === 'post') headers['Idempotency-Key'] = options.key ?? newKey();
  if (options.version) headers['If-Match'] = String(options.version);
  const response = await send(address(String(template), options.path, options.query), {
    method: method.toUpperCase(),
    headers,
    body: options.body === undefined ? undefined : JSON.stringify(options.body),
    signal: options.signal ?? AbortSignal.timeout(options.timeout ?? patience),
    credentials: 'same-origin',
  });
  if (!response.ok) throw await failed(response);
  if (response.status === 204) return undefined as Answer<Operation<P, M>>;
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as Answer<Operation<P, M>>;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return (await earlyAnswer(init.method!, url)) ?? (await fetch(url, init));
  } catch (cause) {
    if (init.signal?.aborted && (init.signal.reason as Error)?.name === 'AbortError') throw cause;
    const problem = new Problem(0, (cause as Error)?.name === 'TimeoutError' ? 'timeout' : 'offline');
    listeners.forEach((listener) => listener(problem));
    throw problem;
  }
}

async function failed(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as ProblemBody;
  const wait = Number(response.headers.get('Retry-After')) || body.retry_after;
  const problem = new Problem(response.status, body.code ?? `status-${response.status}`, {
    ...body,
    retry_after: wait,
  });
  listeners.forEach((listener) => listener(problem));
  return problem;
}

/** Fills a path's {names} and adds the query; empty values are left out. */
export function address(template: string, path: object = {}, query: object = {}): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String((path as Record<string, unknown>)[name])),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const tail = search.toString();
  return tail ? `${filled}?${tail}` : filled;
}

/** A key for one act: sending it again with the same key does nothing twice. */
export function newKey(): string {
  return crypto.randomUUID();
}

export const api = {
  get: <P extends PathsWith<'get'>>(path: P, options?: Options<Operation<P, 'get'>>) =>
    request('get', path, options),
  post: <P extends PathsWith<'post'>>(path: P, options?: Options<Operation<P, 'post'>>) =>
    request('post', path, options),
  put: <P extends PathsWith<'put'>>(path: P, options?: Options<Operation<P, 'put'>>) =>
    request('put', path, options),
  patch: <P extends PathsWith<'patch'>>(path: P, options?: Options<Operation<P, 'patch'>>) =>
    request('patch', path, options),
  delete: <P extends PathsWith<'delete'>>(path: P, options?: Options<Operation<P, 'delete'>>) =>
    request('delete', path, options),
};
