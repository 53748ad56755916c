// A person at a computer of their own: a fresh profile in Chromium.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  chromium,
  type BrowserContext,
  type BrowserContextOptions,
  type Locator,
  type Page,
  type Request,
} from 'playwright-core';
import { expect } from 'vitest';
import { differs, launch, sharedBrowser, type Start } from './chromium';
import { reading, text, type Language, type TextKey } from './text';
import { everyone } from './failures';
import { holdConnections } from './media';
import type { DutyView } from '../../src/core/model';

const password = 'consilium';

/** Runs in a page: asks the API with the page's session. */
export async function ask([method, address, body]: readonly [string, string, unknown]): Promise<{
  status: number;
  body: never;
}> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (method === 'POST') headers['Idempotency-Key'] = crypto.randomUUID();
  const answer = await fetch(address, {
    method,
    headers,
    body: body === undefined || method === 'GET' ? undefined : JSON.stringify(body),
  });
  const said = await answer.text();
  return {
    status: answer.status,
    body: (said.startsWith('{') || said.startsWith('[') ? JSON.parse(said) : said) as never,
  };
}

export interface PersonOptions extends Start {
  language?: Language;
  phone?: boolean;
  dark?: boolean;
  /** IANA zone of the computer. */
  zone?: string;
  /** Runs in every page before the app. */
  script?: (() => void) | { content: string };
  password?: string;
}

/** What a person needs to know of a server. */
export interface Host {
  readonly url: string;
  readonly log: string;
}

export class Person {
  private constructor(
    readonly login: string,
    readonly server: Host,
    readonly context: BrowserContext,
    public page: Page,
    private readonly profile: string, // the own Chromium's folder; '' without one
    readonly language: Language,
  ) {}

  /** Sits down at a computer and signs in. */
  static async signIn(server: Host, login: string, options: PersonOptions = {}): Promise<Person> {
    const person = await Person.sitsDown(server, login, options);
    const { page } = person;
    await page.goto(server.url + '/sign-in');
    await person.field('signin.login').fill(login);
    await person.field('signin.password').fill(options.password ?? password);
    await person.button('signin.go').click();
    await page.waitForURL((url) => url.pathname !== '/sign-in');
    await person.speaks(person.language);
    return person;
  }

  /** Comes with a session that began before, as people do on most days; to sign in takes longer than many a test. */
  static async arrives(server: Host, login: string, options: PersonOptions = {}): Promise<Person> {
    const person = await Person.sitsDown(server, login, options);
    const send = async (method: string, address: string, data: object) => {
      const headers = { Origin: server.url };
      const answer = await person.context.request.fetch(server.url + address, { method, data, headers });
      if (!answer.ok()) throw new Error(`${login} ${address}: ${answer.status()} ${await answer.text()}`);
    };
    await send('POST', '/api/session', { login, password: options.password ?? password });
    await send('PUT', '/api/session/preferences', { locale: person.language });
    await person.opens('/');
    await person.page.waitForFunction((it) => document.documentElement.lang === it, person.language);
    return person;
  }

  /** Has a browser before them, and has opened nothing. */
  static async sitsDown(server: Host, login: string, options: PersonOptions = {}): Promise<Person> {
    const language = options.language ?? 'zh-CN';
    const computer: BrowserContextOptions = {
      viewport: options.phone ? { width: 390, height: 844 } : { width: 1280, height: 800 },
      isMobile: options.phone ?? false,
      hasTouch: options.phone ?? false,
      colorScheme: options.dark ? 'dark' : 'light',
      locale: language,
      timezoneId: options.zone ?? 'Asia/Shanghai',
      reducedMotion: 'reduce',
    };
    const own = differs(options);
    const profile = own ? mkdtempSync(path.join(tmpdir(), `consilium-${login}-`)) : '';
    const context = own
      ? await chromium.launchPersistentContext(profile, { ...launch(options), ...computer })
      : await (await sharedBrowser()).newContext(computer);
    await context.addInitScript(holdConnections);
    if (options.script) await context.addInitScript(options.script);
    context.setDefaultTimeout(20_000);
    const page = context.pages()[0] ?? (await context.newPage());
    const person = new Person(login, server, context, page, profile, language);
    everyone.add(person);
    person.watch(page);
    return person;
  }

  /** An account keeps its language; a journey may want the other. */
  private async speaks(language: Language): Promise<void> {
    const me = (await this.asks('GET', '/api/session')).body as { locale: string };
    if (me.locale === language) return;
    await this.asks('PUT', '/api/session/preferences', { locale: language });
    await this.page.reload();
    // Kept in the browser from here on: a page that goes away now comes back in it.
    await this.page.waitForFunction((it) => document.documentElement.lang === it, language);
  }

  async leave(): Promise<void> {
    everyone.delete(this);
    await this.context.close();
    if (this.profile) rmSync(this.profile, { recursive: true, force: true });
  }

  // What the person finds on the screen, by the key of its text

  say(key: TextKey, values?: Record<string, string | number>): string {
    return text(this.language, key, values);
  }

  button(key: TextKey, within: Page | Locator = this.page): Locator {
    return within.getByRole('button', { name: reading(this.language, key) });
  }

  /** The dialog that stands open. */
  dialog(): Locator {
    return this.page.locator('dialog[open]');
  }

  link(key: TextKey, within: Page | Locator = this.page): Locator {
    return within.getByRole('link', { name: reading(this.language, key) });
  }

  field(key: TextKey, within: Page | Locator = this.page): Locator {
    return within.getByLabel(reading(this.language, key)).first();
  }

  /** Waits until the text is on the screen. */
  async sees(what: TextKey | { words: string | RegExp }, within: Page | Locator = this.page): Promise<void> {
    const words = typeof what === 'string' ? reading(this.language, what) : what.words;
    await within.getByText(words).filter({ visible: true }).first().waitFor();
  }

  async doesNotSee(what: TextKey, within: Page | Locator = this.page): Promise<void> {
    await within.getByText(reading(this.language, what)).first().waitFor({ state: 'hidden' });
  }

  async opens(address: string): Promise<void> {
    await this.page.goto(this.server.url + address);
  }

  /** Follows a link within the app, as one in the page would, until the old page is gone. */
  async follows(address: string): Promise<void> {
    if (this.page.url() === this.server.url + address) return;
    const old = await this.page.evaluateHandle(() => document.querySelector('main > *'));
    await this.page.evaluate((address) => {
      const link = document.createElement('a');
      link.href = address;
      document.body.append(link);
      link.click();
      link.remove();
    }, address);
    await this.page.waitForURL(this.server.url + address);
    await this.page.waitForFunction((old) => !old?.isConnected, old);
  }

  /** Waits until the page has loaded what it shows: nothing stands in for text, no request is under way. */
  async settled(): Promise<void> {
    const { page } = this;
    const still = () =>
      page.evaluate(() => new Promise((next) => requestAnimationFrame(() => setTimeout(next))));
    const end = Date.now() + 20_000;
    for (let calm = 0; calm < 2;) {
      await still();
      calm = this.asked.size === 0 && (await page.locator('.skeleton').count()) === 0 ? calm + 1 : 0;
      if (Date.now() > end)
        throw new Error(`${page.url()} still loads ${[...this.asked].map((one) => one.url())}`);
    }
  }

  /** Another tab of the same browser. */
  async secondTab(address: string): Promise<Page> {
    const page = await this.context.newPage();
    this.watch(page);
    await page.goto(this.server.url + address);
    return page;
  }

  /** Asks the API with this person's session, as a script in the page could. */
  async asks(method: string, address: string, body?: unknown): Promise<{ status: number; body: never }> {
    return this.page.evaluate(ask, [method, address, body] as const);
  }

  /** Sends a file to an address, as a form. */
  async uploads(
    address: string,
    name: string,
    type: string,
    bytes: number[],
  ): Promise<{ status: number; body: string }> {
    return this.page.evaluate(
      async ([address, name, type, bytes]) => {
        const form = new FormData();
        form.append('file', new File([new Uint8Array(bytes)], name, { type }));
        const headers = { 'Idempotency-Key': crypto.randomUUID() };
        const answer = await fetch(address, { method: 'POST', headers, body: form });
        return { status: answer.status, body: await answer.text() };
      },
      [address, name, type, bytes] as const,
    );
  }

  /** Touches the page, as browsers want it before it may sound, and waits until the server counts on its ringing. */
  async canRing(): Promise<void> {
    await this.page.mouse.click(5, 400);
    const counted = async () => {
      const duty = (await this.asks('GET', '/api/duty')).body as DutyView;
      return duty.departments.some((one) => one.people.some((p) => p.armed && p.id === `demo-${this.login}`));
    };
    await expect.poll(counted, { timeout: 20_000 }).toBe(true);
  }

  private watch(page: Page): void {
    page.on('request', (request) => this.asked.add(request));
    page.on('requestfinished', (request) => this.asked.delete(request));
    page.on('requestfailed', (request) => this.asked.delete(request));
    page.on('pageerror', (error) => this.troubles.push(`${page.url()}: ${error.stack ?? error.message}`));
    page.on('console', (message) => {
      // A refused request is a line in the console too; tests see its effect on the page.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        this.troubles.push(`${page.url()}: ${message.text()}`);
      }
    });
  }
  /** Requests of their pages that are under way. */
  private readonly asked = new Set<Request>();
  /** Errors that a page of theirs threw or wrote to the console; a test fails by them. */
  readonly troubles: string[] = [];
}
