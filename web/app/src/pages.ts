// Every page with the texts it needs. Pages load when first opened.
import type { Component } from 'svelte';
import { loadText, type Area } from './core/i18n.svelte';
import type { Route } from './core/routes';

interface Page {
  load: () => Promise<{ default: Component<{ id: string }> | Component }>;
  text: Area[];
  /** Fills the window, without the header (call, paper). */
  bare?: boolean;
}

export const pages: Record<Route['page'], Page> = {
  'sign-in': { load: () => import('./pages/SignIn.svelte'), text: ['account', 'terms'], bare: true },
  reset: { load: () => import('./pages/Reset.svelte'), text: ['account', 'terms'], bare: true },
  enrol: { load: () => import('./pages/Enrol.svelte'), text: ['account', 'terms'], bare: true },
  desk: { load: () => import('./pages/desk/Desk.svelte'), text: ['desk', 'terms'] },
  new: {
    load: () => import('./pages/request/New.svelte'),
    text: ['case', 'consent', 'record', 'request', 'terms'],
  },
  start: {
    load: () => import('./pages/request/Start.svelte'),
    text: ['case', 'consent', 'record', 'request', 'terms'],
  },
  edit: {
    load: () => import('./pages/request/Edit.svelte'),
    text: ['case', 'consent', 'record', 'request', 'terms'],
  },
  consult: { load: async () => ({ default: (await import('./pages/case')).Consult }), text: ['case'] },
  opinion: {
    load: () => import('./pages/opinion/Write.svelte'),
    text: ['case', 'opinion', 'record', 'request', 'terms'],
  },
  print: {
    load: () => import('./pages/opinion/Print.svelte'),
    text: ['case', 'opinion', 'record', 'terms'],
    bare: true,
  },
  room: { load: async () => ({ default: (await import('./pages/case')).Room }), text: ['case'], bare: true },
  calendar: { load: () => import('./pages/Calendar.svelte'), text: ['calendar', 'terms'] },
  duty: { load: () => import('./pages/Duty.svelte'), text: ['desk', 'terms'] },
  people: { load: () => import('./pages/admin/People.svelte'), text: ['admin', 'record', 'terms'] },
  institutions: { load: () => import('./pages/admin/Places.svelte'), text: ['admin', 'desk', 'terms'] },
  audit: { load: () => import('./pages/admin/Audit.svelte'), text: ['admin', 'case', 'record', 'terms'] },
  quality: {
    load: () => import('./pages/admin/Quality.svelte'),
    text: ['admin', 'case', 'record', 'terms'],
  },
  charges: { load: () => import('./pages/admin/Charges.svelte'), text: ['admin', 'terms'] },
  account: { load: () => import('./pages/Account.svelte'), text: ['account', 'terms'] },
  missing: { load: () => import('./pages/Missing.svelte'), text: ['terms'] },
};

/** Loads a page with its texts; a second call costs nothing. */
export async function load(name: Route['page']): Promise<Component<{ id: string }>> {
  const page = pages[name];
  const [module] = await Promise.all([page.load(), loadText(...page.text)]);
  return module.default as Component<{ id: string }>;
}
