// Which address shows what. Pure: the browser's part is navigation.svelte.ts.

export type Route =
  | { page: 'sign-in' | 'desk' | 'new' | 'start' | 'calendar' | 'duty' | 'people' | 'audit' | 'account' }
  | { page: 'reset' | 'enrol' | 'institutions' | 'quality' | 'charges' | 'missing' }
  | { page: 'consult' | 'room' | 'print' | 'edit' | 'opinion'; id: string };

const fixed: Record<string, Exclude<Route, { id: string }>['page']> = {
  '/': 'desk',
  '/sign-in': 'sign-in',
  '/consults/new': 'new',
  '/consults/start': 'start',
  '/calendar': 'calendar',
  '/duty': 'duty',
  '/people': 'people',
  '/institutions': 'institutions',
  '/audit': 'audit',
  '/quality': 'quality',
  '/charges': 'charges',
  '/account': 'account',
  '/reset': 'reset',
  '/enrol': 'enrol',
};

const ofCase: Record<string, Extract<Route, { id: string }>['page']> = {
  '': 'consult',
  room: 'room',
  print: 'print',
  edit: 'edit',
  opinion: 'opinion',
};

export function match(path: string): Route {
  const clean = path.length > 1 ? path.replace(/\/+$/, '') : path;
  const page = fixed[clean];
  if (page) return { page };
  const found = /^\/consults\/([0-9a-f-]{36})(?:\/([a-z]+))?$/.exec(clean);
  const caseOf = found && ofCase[found[2] ?? ''];
  if (caseOf) return { page: caseOf, id: found[1]! };
  return { page: 'missing' };
}

/** Pages that need no session. */
export function open(route: Route): boolean {
  return route.page === 'sign-in' || route.page === 'reset' || route.page === 'enrol';
}
