// Saves as one types. What is not saved yet is kept on this device, so that a
// dropped link, a reload or a closed tab loses nothing; it is sent when the
// link returns and forgotten here as soon as the server has it.
import { Problem } from './api';

export type SaveState =
  | 'saved' // the server has everything
  | 'typing' // a change waits for a pause
  | 'saving'
  | 'waiting' // no link: kept here, tried again by itself
  | 'refused'; // the server does not take it as it is

export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface AutosaveOptions<T> {
  /** Where unsent text is kept: one name per person, case and form. */
  key: () => string;
  save: (value: T) => Promise<void>;
  shelf?: Shelf | undefined;
  pause?: number;
  retry?: number;
}

const pause = 700; // ms without typing before saving
const longest = 6_000; // ms of steady typing before saving anyway
const retry = 4_000; // ms between tries without a link

export class Autosave<T> {
  state = $state<SaveState>('saved');
  problem = $state.raw<Problem | undefined>(undefined);

  #value: T | undefined;
  #dirtySince = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #closed = false;
  readonly #options: AutosaveOptions<T>;

  constructor(options: AutosaveOptions<T>) {
    this.#options = options;
  }

  /** What an earlier visit could not send, if anything. */
  kept(): T | undefined {
    try {
      const text = this.#options.shelf?.getItem(this.#options.key());
      return text ? (JSON.parse(text) as T) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Hears a change. The value must not be changed afterwards. */
  change(value: T): void {
    this.#value = value;
    if (!this.#dirtySince) this.#dirtySince = Date.now();
    this.#keep(value);
    if (this.state !== 'saving' && this.state !== 'waiting') this.state = 'typing';
    if (this.#running || this.#closed) return;
    clearTimeout(this.#timer);
    const wait = this.#options.pause ?? pause;
    const overdue = Date.now() - this.#dirtySince >= longest;
    this.#timer = setTimeout(() => void this.flush(), overdue ? 0 : wait);
  }

  /** Sends now what is unsent; resolves when the server has it or refused it. */
  async flush(): Promise<boolean> {
    clearTimeout(this.#timer);
    while (this.#running) await this.#running;
    if (this.#value === undefined) return this.state === 'saved';
    const value = this.#value;
    this.#value = undefined;
    this.#dirtySince = 0;
    this.state = 'saving';
    this.#running = this.#send(value);
    await this.#running;
    return this.#settled();
  }

  /** Stops trying. What is unsent stays kept for the next visit. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #settled(): boolean {
    return this.state === 'saved';
  }

  async #send(value: T): Promise<void> {
    try {
      await this.#options.save(value);
      this.problem = undefined;
      if (this.#value === undefined) {
        this.#forget();
        this.state = 'saved';
      } else this.#again(this.#options.pause ?? pause, 'typing');
    } catch (cause) {
      this.#value ??= value;
      this.problem = cause instanceof Problem ? cause : undefined;
      if (cause instanceof Problem && !cause.passing && cause.status !== 423 && cause.status !== 401) {
        this.state = 'refused';
      } else this.#again(this.#options.retry ?? retry, 'waiting');
    } finally {
      this.#running = undefined;
    }
  }

  #again(wait: number, state: SaveState): void {
    this.state = state;
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), wait);
  }

  #keep(value: T): void {
    try {
      this.#options.shelf?.setItem(this.#options.key(), JSON.stringify(value));
    } catch {
      return; // storage full or forbidden: the server still gets it
    }
  }

  #forget(): void {
    try {
      this.#options.shelf?.removeItem(this.#options.key());
    } catch {
      return;
    }
  }
}

/** This browser's storage, or nothing where it is forbidden. */
export function shelf(): Shelf | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
