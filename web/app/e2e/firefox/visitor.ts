// A person at a computer with Firefox, driven over WebDriver BiDi.
import { existsSync } from 'node:fs';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { frames, holdConnections, showing } from '../support/media';
import { ask, type Host } from '../support/person';

const executablePath = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
export const installed = existsSync(executablePath);

const preferences = {
  'media.navigator.streams.fake': true, // a tone, and a picture whose colour changes
  'media.navigator.permission.disabled': true, // answers the permission question with yes
  'app.update.disabledForTesting': true,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};
export const patience = 90_000; // ms

export class Visitor {
  /** Errors that a page of theirs threw. */
  readonly troubles: string[] = [];

  private constructor(
    readonly login: string,
    private readonly server: Host,
    private readonly browser: Browser,
    readonly page: Page,
  ) {
    page.on('pageerror', (error) => {
      // Firefox says so of every socket that a reload ends.
      if (!/was interrupted while the page was loading/.test(String(error)))
        this.troubles.push(String(error));
    });
  }

  static async signIn(server: Host, login: string, password: string): Promise<Visitor> {
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath,
      extraPrefsFirefox: preferences,
    });
    const page = (await browser.pages())[0] ?? (await browser.newPage());
    page.setDefaultTimeout(patience);
    await page.evaluateOnNewDocument(holdConnections);
    const visitor = new Visitor(login, server, browser, page);
    await visitor.opens('/sign-in');
    const { status } = await visitor.asks('POST', '/api/session', { login, password });
    if (status >= 300) throw new Error(`${login} is not signed in: ${status}`);
    return visitor;
  }

  async opens(address: string): Promise<void> {
    await this.page.goto(this.server.url + address);
  }

  /** Asks the API with this person's session, as a script in the page could. */
  asks(method: string, address: string, body?: unknown): Promise<{ status: number; body: never }> {
    return this.page.evaluate(ask, [method, address, body] as const);
  }

  /** Waits until a picture moves, also one that goes and comes back. */
  async pictureMoves(label: string): Promise<void> {
    const end = Date.now() + patience;
    let stood = 'no picture';
    while (Date.now() < end) {
      const video = await this.page.waitForSelector(`video[aria-label="${label}"]`, { visible: true });
      stood = (await video?.evaluate(showing, frames).catch(() => 'went away')) ?? stood;
      if (stood === 'moves') return;
    }
    throw new Error(`${label} does not move in Firefox: ${stood}`);
  }

  async leave(): Promise<void> {
    await this.browser.close();
  }
}
