// Parts that load when they are first shown, with their texts: what a case, a lobby
// and a running call do without comes later, for the sake of thin links.
import { loadText, type Area } from '../core/i18n.svelte';
import type { Visit } from './room/visit.svelte';

function part<Module>(load: () => Promise<Module>, ...text: Area[]): () => Promise<Module> {
  let once: Promise<Module> | undefined;
  return () => {
    once ??= Promise.all([load(), loadText(...text)]).then(([module]) => module);
    once.catch(() => (once = undefined)); // asked again when the link is back
    return once;
  };
}

export const parts = {
  toasts: part(() => import('../ui/ToastList.svelte')),
  lobby: part(() => import('./room/lobby-parts'), 'call'),
  notices: part(() => import('./room/Notices.svelte'), 'call'),
  call: part(() => import('./room/call-parts'), 'call'),
  record: part(() => import('./consult/later'), 'record', 'terms'),
  dialogs: part(() => import('./consult/dialogs'), 'deeds', 'record', 'terms'),
  guest: part(() => import('./consult/Guest.svelte'), 'guest', 'terms'),
  hidden: part(() => import('./consult/Hidden.svelte'), 'record', 'terms'),
  ring: part(() => import('./room/RingDialog.svelte'), 'call'),
  locked: part(() => import('./Locked.svelte'), 'account', 'terms'),
  pages: part(() => import('../more-pages')),
};

const rest = 3_000; // ms that a page or a call has the link to itself, before each part

const took = performance.now(); // ms that the app was on its way
/** ms more for what can wait: a link that was slow to bring the app has a call to carry first. */
export const patience = took < 2_000 ? 0 : Math.min(30_000, 4 * took);

/** Fetches parts once what is needed first is there, so that they are there if the link breaks. */
export function fetchAhead(...names: (keyof typeof parts)[]): () => void {
  let timer: ReturnType<typeof setTimeout>;
  // One after the other: together they would fill a thin link for seconds.
  const wait = ([name, ...others]: typeof names, ms: number) => {
    if (!name) return;
    const next = () => wait(others, rest + patience);
    timer = setTimeout(() => void parts[name]().then(next, next), ms);
  };
  wait(names, rest);
  return () => clearTimeout(timer);
}

/** Has a call watched as soon as it stands, and also when that takes long. */
export function attend(visit: Visit): () => void {
  let timer = setTimeout(ask, visit.peer === 'connected' ? 0 : rest);
  function ask() {
    import('../core/call-watch').then(
      ({ Watch }) => visit.attend(Watch),
      () => (timer = setTimeout(ask, rest)),
    );
  }
  return () => clearTimeout(timer);
}
