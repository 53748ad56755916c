// The digest of an opinion as its signer sees it: SHA-256 over canonical JSON,
// byte for byte what the server computes over the saved draft. Signing is
// refused when the two differ (another window wrote meanwhile).
import type { OpinionContent } from './model';

const always: (keyof OpinionContent)[] = ['findings', 'diagnosis', 'treatment'];

export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, v]) => `${text(key)}:${canonical(v)}`).join(',')}}`;
  }
  return typeof value === 'string' ? text(value) : JSON.stringify(value);
}

function text(value: string): string {
  return JSON.stringify(value)
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029');
}

/** Without what is empty and may be left out, as the server keeps it. */
export function kept(content: OpinionContent): Partial<OpinionContent> {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(content)) {
    const empty = value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
    if (!empty) out[key] = key === 'codes' ? (value as object[]).map(pruned) : value;
    else if (always.includes(key as keyof OpinionContent)) out[key] = '';
  }
  return out;
}

function pruned(code: object): object {
  return Object.fromEntries(Object.entries(code).filter(([key, value]) => value !== '' || key !== 'code'));
}

export async function digest(content: OpinionContent): Promise<string> {
  const bytes = new TextEncoder().encode(canonical(kept(content)));
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...sum].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
