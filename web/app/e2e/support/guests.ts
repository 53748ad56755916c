// People of a call who are not in a browser: they speak the protocol from a program.
import { spawn, type ChildProcess } from 'node:child_process';
import { inject } from 'vitest';
import type { Server } from './server';

const patience = 60_000; // ms

/** Gives one command to the API as somebody who has no page open. */
export async function asks(server: Server, login: string, address: string): Promise<void> {
  const post = (to: string, body: unknown, more: Record<string, string> = {}) =>
    fetch(server.url + to, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID(), ...more },
      body: JSON.stringify(body),
    });
  const session = await post('/api/session', { login, password: 'consilium' });
  const cookie = session.headers.getSetCookie().map((one) => one.split(';')[0]!);
  const answer = await post(address, {}, { Cookie: cookie.join('; ') });
  if (!answer.ok) throw new Error(`${login} ${address}: ${answer.status} ${await answer.text()}`);
}

export class Guests {
  private readonly program: ChildProcess;
  private said = '';

  constructor(server: Server, consult: string, logins: string[]) {
    this.program = spawn(
      inject('binary'),
      ['load', '--url', server.url, '--consult', consult, '--as', logins.join(',')],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [this.program.stdout, this.program.stderr])
      stream?.on('data', (chunk: Buffer) => (this.said += chunk.toString()));
  }

  /** Waits until each of them receives sound and picture of everybody else. */
  perceive(): Promise<void> {
    return new Promise((done, failed) => {
      const give = (why: string) => failed(new Error(`${why}\n${this.said}`));
      const timer = setTimeout(() => give(`the guests were not all there within ${patience} ms`), patience);
      this.program.once('exit', () => give('the guests went away'));
      const look = () => {
        if (!this.said.includes('everybody hears and sees everybody')) return;
        clearTimeout(timer);
        done();
      };
      this.program.stdout?.on('data', look);
      look();
    });
  }

  async leave(): Promise<void> {
    if (this.program.exitCode !== null) return;
    const gone = new Promise((done) => this.program.once('exit', done));
    this.program.kill('SIGTERM');
    await gone;
  }
}
