// Parts of the room that load when they are first shown, with their texts: what
// a lobby and a running call do without comes later, for the sake of thin links.
import { loadText, type Area } from '../../core/i18n.svelte';

function part<T>(load: () => Promise<{ default: T }>, text: Area = 'call'): () => Promise<T> {
  let once: Promise<T> | undefined;
  return () => {
    once ??= Promise.all([load(), loadText(text)]).then(([module]) => module.default);
    once.catch(() => (once = undefined)); // asked again when the link is back
    return once;
  };
}

export const parts = {
  attachments: part(async () => ({ default: (await import('../consult/later')).Attachments }), 'record'),
  chat: part(() => import('./Chat.svelte')),
  devices: part(() => import('./Devices.svelte')),
  check: part(() => import('./LinkCheck.svelte')),
  level: part(() => import('./Level.svelte')),
  leaving: part(() => import('./Leaving.svelte')),
  notices: part(() => import('./Notices.svelte')),
  over: part(() => import('./Over.svelte')),
  people: part(() => import('./People.svelte')),
};

const rest = 3_000; // ms that a call has the link to itself

/** Fetches the parts once the call stands, so that they are there if the link breaks. */
export function fetchAhead(): () => void {
  const timer = setTimeout(() => {
    for (const load of Object.values(parts)) void load().catch(() => undefined);
  }, rest);
  return () => clearTimeout(timer);
}
