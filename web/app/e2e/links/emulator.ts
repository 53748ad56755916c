// The emulated link: the project's own emulator as a process that takes orders.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { inject } from 'vitest';

/** A link as the tables have it: kbit/s, ms, shares; left out or 0: none, no limit. */
export interface Link {
  up?: number;
  down?: number;
  rtt?: number;
  queue?: number;
  loss?: number;
  /** Mean number of packets lost in a row. */
  burst?: number;
  pass?: 'all' | 'tcp' | 'tcp443';
}

export interface Traffic {
  /** ms that stand in the queue now. */
  queue: number;
  bytes: number;
  dropped: number;
  lost: number;
  blocked: number;
}

interface Ready {
  clinic: string;
  hospital: string;
  server: string;
}

const notPermitted = 3; // exit status

export class Emulator {
  private constructor(
    private readonly process: ChildProcessByStdio<Writable, Readable, null>,
    private readonly answers: AsyncIterator<string>,
    private readonly lines: Interface,
    /** The namespaces, and the hospital's address. */
    readonly names: Ready,
  ) {}

  /** undefined where namespaces are not permitted. */
  static async start(seed = 1): Promise<Emulator | undefined> {
    const process = spawn(inject('emulator'), ['-seed', String(seed)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(process, 'exit');
    const lines = createInterface({ input: process.stdout });
    const answers = lines[Symbol.asyncIterator]();
    const first = await answers.next();
    if (first.done) {
      const [status] = (await ended) as [number | null];
      if (status === notPermitted) return undefined;
      throw new Error(`the emulator ended with ${status}`);
    }
    return new Emulator(process, answers, lines, JSON.parse(first.value) as Ready);
  }

  async becomes(link: Link): Promise<void> {
    await this.order({ do: 'link', link });
  }

  async outage(on: boolean): Promise<void> {
    await this.order({ do: 'outage', on });
  }

  /** The clinic gets another address and loses the one it had. */
  async move(): Promise<void> {
    await this.order({ do: 'move' });
  }

  async stats(): Promise<{ up: Traffic; down: Traffic }> {
    return (await this.order({ do: 'stats' })) as { up: Traffic; down: Traffic };
  }

  async stop(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.stdin.end();
    await ended;
    this.lines.close();
  }

  /** One order at a time: the answer to it is the next line. */
  private async order(order: object): Promise<object> {
    this.process.stdin.write(JSON.stringify(order) + '\n');
    const answer = await this.answers.next();
    if (answer.done) throw new Error('the emulator is gone');
    const told = JSON.parse(answer.value) as { error?: string };
    if (told.error) throw new Error(`${JSON.stringify(order)}: ${told.error}`);
    return told;
  }
}
