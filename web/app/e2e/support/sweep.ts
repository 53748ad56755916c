// Every page in its states: axe finds nothing, nothing scrolls sideways. Each
// language shows one look, so that together they show both themes and both sizes.
// With SWEEP=full each shows all four, every page is loaded afresh, and a
// picture of each look is in e2e/output/pages for people to look at.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attendance, callRuns, does, startsEmergency } from './cases';
import { Person } from './person';
import { Server } from './server';
import type { Language } from './text';

const folder = path.resolve(import.meta.dirname, '../output/pages');
const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } } as const;
type Theme = 'light' | 'dark';
type Size = keyof typeof sizes;

const full = process.env.SWEEP === 'full';
const every: [Theme, Size][] = [
  ['light', 'desktop'],
  ['dark', 'phone'],
  ['dark', 'desktop'],
  ['light', 'phone'],
];
const looks = {
  'zh-CN': full ? every : every.slice(0, 1),
  en: full ? every : every.slice(1, 2),
} satisfies Record<Language, [Theme, Size][]>;

export function sweep(language: Language): void {
  let server: Server;
  let violations: string[] = [];

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    server = await Server.start();
  });
  afterAll(() => server.stop());

  const arrives = (login: string) => Person.arrives(server, login, { language });

  /** Checks what is on the screen. */
  async function look(person: Person, name: string): Promise<void> {
    for (const [theme, size] of looks[language]) {
      await person.page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await person.page.setViewportSize(sizes[size]);
      await person.page.evaluate(async () => {
        await document.fonts.ready;
        await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
      });
      const shown = `${name} ${theme} ${size}`;
      for (const one of await violationsIn(person.page)) {
        const where = one.nodes.map((node) => `    ${node.target.join(' ')}: ${node.html.slice(0, 160)}`);
        violations.push(`${shown}: ${one.id}, ${one.help}\n${where.slice(0, 4).join('\n')}`);
      }
      const wider = await person.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      if (wider) violations.push(`${shown}: the page scrolls sideways`);
      const blank = await person.page.evaluate(() =>
        [...document.querySelectorAll('button, a, h1, h2, label')]
          .filter((element) => !element.textContent?.trim() && !element.getAttribute('aria-label'))
          .map((element) => element.outerHTML.slice(0, 120)),
      );
      if (blank.length > 0) violations.push(`${shown}: without text\n    ${blank.join('\n    ')}`);
      if (!full) continue;
      await person.page.screenshot({
        path: path.join(folder, `${language}-${name}-${size}-${theme}.png`),
        fullPage: true,
        animations: 'disabled',
      });
    }
    await person.page.setViewportSize(sizes.desktop);
  }

  async function visit(person: Person, address: string, name: string): Promise<void> {
    // Within the app axe is there already and its code warm; a cold page costs several times as much.
    await (full ? person.opens(address) : person.follows(address));
    await person.settled();
    await look(person, name);
  }

  /** Presses a button that opens a dialog, looks at it and closes it. */
  async function dialog(person: Person, key: Parameters<Person['button']>[0], name: string): Promise<void> {
    await person.button(key).first().click();
    await person.dialog().waitFor();
    await person.settled();
    await look(person, name);
    await person.page.keyboard.press('Escape');
    await person
      .dialog()
      .waitFor({ state: 'detached' })
      .catch(() => undefined);
  }

  function check(): void {
    const found = violations;
    violations = [];
    expect(found.length, found.join('\n')).toBe(0);
  }

  const time = { timeout: 240_000 };

  test('before signing in', time, async () => {
    const person = await arrives('li');
    // Away from the app first: its desk socket would ask for the session that is gone.
    await person.page.goto('about:blank');
    await person.context.clearCookies();
    await person.opens('/sign-in');
    await person.settled();
    await look(person, 'sign-in');
    await person.field('signin.login').fill('li');
    await person.field('signin.password').fill('wrong');
    await person.button('signin.go').click();
    await person.page.getByRole('alert').first().waitFor();
    await look(person, 'sign-in-wrong');
    await visit(person, '/reset#nothing', 'reset');
    await visit(person, '/enrol#nothing', 'enrol');
    check();
  });

  test('the doctor', time, async () => {
    const person = await arrives('li');
    await visit(person, '/', 'desk-doctor');
    await visit(person, '/consults/new', 'request-new');
    await visit(person, '/consults/start', 'start');
    await visit(person, '/account', 'account');
    await visit(person, '/nowhere', 'missing');
    for (const line of await linesOf(person, 'mine')) {
      await visit(person, `/consults/${line.id}`, `case-${line.state}`);
      if (line.state === 'draft') await visit(person, `/consults/${line.id}/edit`, 'request-draft');
    }
    for (const line of await linesOf(person, 'closed')) {
      await visit(person, `/consults/${line.id}`, `case-${line.state}`);
      await visit(person, `/consults/${line.id}/print`, 'print');
    }
    check();
  });

  test('the coordinator', time, async () => {
    const person = await arrives('tang');
    await visit(person, '/', 'desk-coordinator');
    await visit(person, '/calendar', 'calendar');
    await visit(person, '/duty', 'duty');
    for (const line of await linesOf(person, 'queue')) {
      if (line.state === 'submitted') {
        await visit(person, `/consults/${line.id}`, 'case-coordinator');
        await dialog(person, 'deed.triage', 'triage');
        await dialog(person, 'deed.sendBack', 'return');
        await dialog(person, 'deed.cancel', 'cancel');
      }
      if (line.state === 'triaged') {
        await visit(person, `/consults/${line.id}`, 'case-coordinator-triaged');
        await dialog(person, 'deed.invite', 'invite');
      }
      if (line.state === 'scheduled') {
        await visit(person, `/consults/${line.id}`, 'case-coordinator-scheduled');
        await dialog(person, 'deed.reschedule', 'schedule');
      }
    }
    check();
  });

  test('the other roles', time, async () => {
    for (const [login, pages] of Object.entries({
      gao: ['people'],
      luo: ['audit'],
      qian: ['quality', 'charges'],
      ayi: [],
      fan: ['account'],
    })) {
      const person = await arrives(login);
      await visit(person, '/', `desk-${login}`);
      for (const page of pages) await visit(person, `/${page}`, `${page}-${login}`);
      await person.leave();
    }
    check();
  });

  test('answered cases and their dialogs', time, async () => {
    const person = await arrives('chen');
    for (const line of await linesOf(person, 'mine')) {
      await visit(person, `/consults/${line.id}`, `case-${line.state}`);
      if (line.state === 'signed') await dialog(person, 'deed.decide', 'decide');
      if (line.state === 'follow-up') await dialog(person, 'deed.follow', 'follow');
    }
    await person.leave();
    const stranger = await arrives('li'); // nobody whom it rings: that would be no stranger
    const he = await arrives('he');
    const id = await startsEmergency(he);
    await visit(stranger, `/consults/${id}`, 'hidden');
    await stranger.sees('missing.title');
    await does(he, 'cancel', id, { reason: '已电话联系' });
    check();
  });

  test('the expert, the ring and the room', time, async () => {
    const [li, wang] = await Promise.all([arrives('li'), arrives('wang')]);
    await visit(wang, '/', 'desk-expert');
    await wang.canRing();
    const rung = await startsEmergency(li);
    await wang.page.getByRole('dialog', { name: wang.say('ring.title') }).waitFor();
    await look(wang, 'ring');
    await wang.button('ring.decline').click();
    await look(wang, 'ring-decline');
    await visit(li, `/consults/${rung}`, 'case-ringing');
    await li.opens(`/consults/${rung}/room`);
    await li.page.getByLabel(li.say('room.preview')).waitFor();
    await look(li, 'lobby-ringing');
    await li.button('room.devices.choose').click();
    await look(li, 'lobby-devices');
    await does(li, 'cancel', rung, { reason: '已电话联系' });

    const id = await callRuns(li, wang);
    await Promise.all([li.opens(`/consults/${id}/room`), wang.opens(`/consults/${id}/room`)]);
    const bar = (person: Person) => person.page.getByRole('toolbar', { name: person.say('room.bar') });
    await Promise.all([bar(li).waitFor(), bar(wang).waitFor()]);
    await li.page
      .getByLabel(li.say('room.picture-of', { name: li.language === 'en' ? 'Wang Jun' : '王军' }))
      .waitFor();
    await look(li, 'call');
    await li.button('room.chat', bar(li)).click();
    await look(li, 'call-chat');
    await wang.button('room.people', bar(wang)).click();
    await wang.button('room.devices').click();
    await look(wang, 'call-people');
    await dialog(wang, 'room.invite', 'call-invite');
    await wang.button('room.leave', bar(wang)).click();
    await look(wang, 'call-leaving');
    await wang.button('room.leave.all', wang.dialog()).click();
    await wang.sees('room.over.write');
    await look(wang, 'over');
    await look(li, 'over-doctor');
    await visit(wang, `/consults/${id}`, 'case-opinion-due');
    await visit(wang, `/consults/${id}/opinion`, 'opinion');
    check();
  });

  test('a guest', time, async () => {
    const [li, wang, ayi] = await Promise.all([arrives('li'), arrives('wang'), arrives('ayi')]);
    const id = await callRuns(li, wang);
    await does(li, 'consent', id, attendance);
    await does(li, 'call-in', id, { person: 'demo-ayi', seat: 'interpreter' });
    await visit(ayi, `/consults/${id}`, 'guest');
    await ayi.opens(`/consults/${id}/room`);
    await ayi.button('room.check').click();
    await ayi.sees('room.check.rtt');
    await look(ayi, 'lobby-check');
    await ayi.opens(`/consults/${id}`);
    await ayi.sees('guest.record');
    await does(wang, 'end', id);
    await ayi.sees('guest.over');
    await look(ayi, 'guest-over');
    check();
  });

  test('a locked page, a broken link', time, async () => {
    const person = await arrives('liu');
    await person.opens('/');
    await person.settled();
    await person.context.setOffline(true);
    await person.sees('offline.bar');
    await look(person, 'offline');
    await person.context.setOffline(false);
    await person.asks('POST', '/api/session/lock', {});
    await person.page.reload();
    await person.sees('lock.title');
    await look(person, 'locked');
    check();
  });
}

/** What axe finds with its default rules and those of WCAG 2.2 AA, which are off by default; nothing is excluded. */
async function violationsIn(page: Page): Promise<axe.Result[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    const rules = { 'target-size': { enabled: true } };
    return (await axe.run(document, { rules, resultTypes: ['violations'] })).violations;
  });
}

async function linesOf(person: Person, scope: string): Promise<{ id: string; state: string }[]> {
  const answer = await person.asks('GET', `/api/consults?scope=${scope}&limit=50`);
  const items = (answer.body as { items: { id: string; state: string }[] }).items;
  return items.filter((line, i) => items.findIndex((other) => other.state === line.state) === i);
}
