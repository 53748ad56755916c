// A server of one's own: free port, own data, gone at the end.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inject } from 'vitest';

const readyWithin = 30_000; // ms; it fills its database on the first start

export class Server {
  readonly url: string;
  log = '';
  private process: ChildProcess;
  private constructor(
    private readonly command: string[],
    private readonly data: string,
    port: number,
  ) {
    this.url = `http://localhost:${port}`;
    this.process = run(command);
  }

  /** A demonstration, or what the command says. */
  static async start(command = (data: string) => ['demo', '--data', data]): Promise<Server> {
    const data = mkdtempSync(path.join(tmpdir(), 'consilium-e2e-'));
    const port = await freePort();
    const server = new Server([...command(data), '--listen', `localhost:${port}`], data, port);
    await server.ready();
    return server;
  }

  /** Stops the process as an operator would and starts it again on the same data. */
  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.end(signal);
    this.process = run(this.command);
    await this.ready();
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    rmSync(this.data, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.process.exitCode !== null) return;
    const gone = new Promise((done) => this.process.once('exit', done));
    this.process.kill(signal);
    await gone;
  }

  private ready(): Promise<void> {
    return new Promise((done, failed) => {
      const timer = setTimeout(() => failed(new Error(`the server was not ready\n${this.log}`)), readyWithin);
      const hear = (chunk: Buffer) => {
        this.log += chunk.toString();
        if (!/^ready http/m.test(this.log.slice(-4096))) return;
        clearTimeout(timer);
        done();
      };
      this.log = '';
      this.process.stdout?.on('data', hear);
      this.process.stderr?.on('data', hear);
      this.process.once('exit', (code) => {
        clearTimeout(timer);
        failed(new Error(`the server ended with ${code}\n${this.log}`));
      });
    });
  }
}

function run(command: string[]): ChildProcess {
  return spawn(inject('binary'), command, { stdio: ['ignore', 'pipe', 'pipe'] });
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, 'localhost', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}
