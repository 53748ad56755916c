// A clinic and a hospital with a link between them: the real server with real
// TLS in the hospital's namespace, an account on each side.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inject } from 'vitest';
import { launch } from '../support/chromium';
import type { Host, PersonOptions } from '../support/person';
import { makePartnership, password } from '../support/partnership';
import { Emulator } from './emulator';
import { instruments } from './instruments';
import { writeSpeech } from './speech';

const readyWithin = 30_000; // ms

export class Site implements Host {
  readonly url: string;
  log = '';
  department = '';
  private process: ChildProcess | undefined;

  private constructor(
    readonly link: Emulator,
    private readonly folder: string,
  ) {
    this.url = `https://${link.names.server}`;
  }

  /** undefined where namespaces are not permitted. */
  static async open(): Promise<Site | undefined> {
    const link = await Emulator.start();
    if (!link) return undefined;
    const site = new Site(link, mkdtempSync(path.join(tmpdir(), 'consilium-links-')));
    site.prepare();
    await site.start();
    return site;
  }

  /** As when the machine's power is cut and comes back. */
  async killAndRestart(): Promise<void> {
    await this.end('SIGKILL');
    await this.start();
  }

  async close(): Promise<void> {
    await this.end('SIGTERM');
    await this.link.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** How somebody of a side has their computer: the browser runs on that side of the link. */
  computer(side: 'clinic' | 'hospital'): PersonOptions {
    return {
      executable: this.file(`chromium-${side}`),
      flags: ['--ignore-certificate-errors', `--use-file-for-fake-audio-capture=${this.file('speech.wav')}`],
      script: instruments,
      password,
    };
  }

  private file(name: string): string {
    return path.join(this.folder, name);
  }

  private prepare(): void {
    const { names } = this.link;
    for (const side of ['clinic', 'hospital'] as const) {
      const script = `#!/bin/sh\nexec ip netns exec ${names[side]} ${launch().executablePath} "$@"\n`;
      writeFileSync(this.file(`chromium-${side}`), script);
      chmodSync(this.file(`chromium-${side}`), 0o755);
    }
    writeSpeech(this.file('speech.wav'));
    execFileSync(
      'openssl',
      // prettier-ignore
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
       '-subj', '/CN=consilium', '-addext', `subjectAltName=IP:${names.server}`,
       '-keyout', this.file('key.pem'), '-out', this.file('cert.pem')],
      { stdio: 'ignore' },
    );
    this.department = makePartnership(this.file('data'));
  }

  private async start(): Promise<void> {
    const { hospital, server } = this.link.names;
    // prettier-ignore
    const process = spawn('ip', ['netns', 'exec', hospital, inject('binary'), 'serve',
      '--data', this.file('data'), '--listen', `${server}:443`, '--public-url', this.url,
      '--tls-cert', this.file('cert.pem'), '--tls-key', this.file('key.pem'),
      '--media-listen', `${server}:8443`, '--media-address', `${server}:8443`, '--log-level', 'warn'],
      { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process = process;
    await new Promise<void>((done, failed) => {
      const late = () => failed(new Error(`the server was not ready\n${this.log}`));
      const timer = setTimeout(late, readyWithin);
      const hear = (chunk: Buffer) => {
        this.log += chunk.toString();
        if (!/^ready http/m.test(chunk.toString())) return;
        clearTimeout(timer);
        done();
      };
      process.stdout.on('data', hear);
      process.stderr.on('data', hear);
      process.once('exit', (code) => {
        clearTimeout(timer);
        failed(new Error(`the server ended with ${code}\n${this.log}`));
      });
    });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const process = this.process;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const gone = new Promise((done) => process.once('exit', done));
    process.kill(signal);
    await gone;
  }
}
