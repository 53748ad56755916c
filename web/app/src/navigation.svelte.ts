// The browser's side of routing: the address bar, links, back and forward.
import { match, type Route } from './core/routes';

let path = $state.raw(location.pathname);
let search = $state.raw(location.search);
const route = $derived(match(path));
const guards = new Set<() => boolean>();

export const here = {
  get path() {
    return path;
  },
  get search() {
    return new URLSearchParams(search);
  },
  get route(): Route {
    return route;
  },
};

/** Goes to another page of the app. */
export function navigate(to: string, how: { replace?: boolean } = {}): void {
  const url = new URL(to, location.href);
  if (url.pathname !== path && [...guards].some((stays) => stays())) return;
  if (how.replace) history.replaceState(null, '', url);
  else if (url.href !== location.href) history.pushState(null, '', url);
  moved(!how.replace);
}

/** Changes the address without changing the page: a new form has got its case. */
export function rewrite(to: string): void {
  history.replaceState(history.state, '', to);
}

/** Registers a guard that may keep the person on the page (it returns true to stay). */
export function guard(stays: () => boolean): () => void {
  guards.add(stays);
  return () => guards.delete(stays);
}

function moved(top: boolean) {
  const changed = path !== location.pathname;
  path = location.pathname;
  search = location.search;
  if (changed && top) scrollTo(0, 0);
}

addEventListener('popstate', () => moved(false));

// One listener turns every plain link of ours into navigation without a reload.
addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.('a');
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (link.pathname.startsWith('/api/')) return;
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  navigate(link.href);
});
