// Problems in plain words: what happened and what to do. The server's codes are
// translated here; what is not known is told by the kind of failure.
import { onProblem, Problem } from './api';
import { loadText, locale, maybe, t } from './i18n.svelte';
import { length } from './time';

// Most visits have no problem: the words come with the first one.
const everyday = ['locked', 'signed-out', 'sign-in-needed'];
onProblem((problem) => {
  if (problem.status && !everyday.includes(problem.code)) loadText('problems').catch(() => {});
});

type Kind = 'offline' | 'forbidden' | 'not-found' | 'state-forbids' | 'invalid';
const kinds: Partial<Record<number, Kind>> = {
  0: 'offline',
  403: 'forbidden',
  404: 'not-found',
  409: 'state-forbids',
  422: 'invalid',
};

export function explain(cause: unknown): string {
  if (!(cause instanceof Problem)) return t('problem.unknown');
  const wait = cause.retryAfter > 0 ? sayWait(cause.retryAfter) : '';
  const known = maybe(`problem.${cause.code}`, { wait });
  if (known) return known;
  return t(`problem.${kinds[cause.status] ?? 'unknown'}`);
}

function sayWait(seconds: number): string {
  return seconds < 60 ? t('problem.seconds', { n: seconds }) : length(seconds * 1000, locale.current);
}
