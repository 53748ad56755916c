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

export function explain(cause: unknown): string {
  if (!(cause instanceof Problem)) return t('problem.unknown');
  const wait = cause.retryAfter > 0 ? sayWait(cause.retryAfter) : '';
  const known = maybe(`problem.${cause.code}`, { wait });
  if (known) return known;
  if (cause.status === 0) return t('problem.offline');
  if (cause.status === 404) return t('problem.not-found');
  if (cause.status === 403) return t('problem.forbidden');
  if (cause.status === 409) return t('problem.state-forbids');
  if (cause.status === 422) return t('problem.invalid');
  return t('problem.unknown');
}

function sayWait(seconds: number): string {
  return seconds < 60 ? t('problem.seconds', { n: seconds }) : length(seconds * 1000, locale.current);
}
