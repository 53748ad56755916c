// The pages that are neither a case nor its call, with their texts. Each loads when
// first opened, those of one kind together.
import { areas, type Area } from './core/text';
import { more } from './core/text/more';
import type { Page, Shown } from './pages';
import type { Route } from './core/routes';

Object.assign(areas, more);

const one = (module: () => Promise<{ default: Shown }>) => async () => (await module()).default;
const of =
  <Name extends string>(module: () => Promise<Record<Name, Shown>>, name: Name) =>
  async () =>
    (await module())[name];

const admin = () => import('./pages/admin');
const door = () => import('./pages/door');
const opinion = () => import('./pages/opinion');
const request = () => import('./pages/request');

const account: Area[] = ['account', 'terms'];
const administration: Area[] = ['admin', 'record', 'terms'];
const asking: Area[] = ['record', 'request', 'terms'];

export const pages: Record<Exclude<Route['page'], 'consult' | 'room'>, Page> = {
  'sign-in': { load: of(door, 'SignIn'), text: account, bare: true },
  reset: { load: of(door, 'Reset'), text: account, bare: true },
  enrol: { load: of(door, 'Enrol'), text: account, bare: true },
  account: { load: one(() => import('./pages/Account.svelte')), text: account },
  desk: { load: one(() => import('./pages/desk/Desk.svelte')), text: ['desk', 'terms'] },
  calendar: { load: one(() => import('./pages/Calendar.svelte')), text: ['calendar', 'terms'] },
  duty: { load: one(() => import('./pages/Duty.svelte')), text: ['desk', 'terms'] },
  new: { load: of(request, 'New'), text: asking },
  start: { load: of(request, 'Start'), text: asking },
  edit: { load: of(request, 'Edit'), text: asking },
  opinion: { load: of(opinion, 'Write'), text: ['opinion', ...asking] },
  print: { load: of(opinion, 'Print'), text: ['opinion', 'record', 'terms'], bare: true },
  people: { load: of(admin, 'People'), text: administration },
  institutions: { load: of(admin, 'Places'), text: ['admin', 'desk', 'terms'] },
  audit: { load: of(admin, 'Audit'), text: administration },
  quality: { load: of(admin, 'Quality'), text: administration },
  charges: { load: of(admin, 'Charges'), text: ['admin', 'terms'] },
  missing: { load: one(() => import('./pages/Missing.svelte')), text: ['terms'] },
};
