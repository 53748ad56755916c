// Parts of the room that load when they are first shown, with their texts: what
// a lobby and a running call do without comes later, for the sake of thin links.
import { loadText, type Area } from '../../core/i18n.svelte';

function part<Module>(load: () => Promise<Module>, text: Area = 'call'): () => Promise<Module> {
  let once: Promise<Module> | undefined;
  return () => {
    once ??= Promise.all([load(), loadText(text)]).then(([module]) => module);
    once.catch(() => (once = undefined)); // asked again when the link is back
    return once;
  };
}

export const parts = {
  lobby: part(() => import('./lobby-parts')),
  call: part(() => import('./call-parts')),
  record: part(() => import('../consult/later'), 'record'),
};

const rest = 3_000; // ms that a call has the link to itself, before each part

/** Fetches the parts once the call stands, so that they are there if the link breaks. */
export function fetchAhead(): () => void {
  let timer: ReturnType<typeof setTimeout>;
  // One after the other: together they would fill a thin link for seconds.
  const wait = ([load, ...others]: (() => Promise<unknown>)[]) => {
    if (!load) return;
    timer = setTimeout(
      () =>
        void load().then(
          () => wait(others),
          () => wait(others),
        ),
      rest,
    );
  };
  wait([parts.call, parts.record, parts.lobby]);
  return () => clearTimeout(timer);
}
