// Something read from the server: the old value stays on screen while the new
// one comes, and when it can't come.
import { Problem } from './api';

export class Resource<T> {
  value = $state.raw<T | undefined>(undefined);
  problem = $state.raw<Problem | undefined>(undefined);
  loading = $state.raw(false);

  #read: (signal: AbortSignal) => Promise<T>;
  #running: AbortController | undefined;

  constructor(read: (signal: AbortSignal) => Promise<T>) {
    this.#read = read;
  }

  /** Reads anew. A newer call ends an older one. */
  async load(): Promise<void> {
    this.#running?.abort();
    const mine = new AbortController();
    this.#running = mine;
    this.loading = true;
    try {
      const value = await this.#read(mine.signal);
      if (mine !== this.#running) return;
      this.value = value;
      this.problem = undefined;
    } catch (cause) {
      if (mine !== this.#running) return;
      if (cause instanceof Problem) this.problem = cause;
      else throw cause;
    } finally {
      if (mine === this.#running) this.loading = false;
    }
  }

  /** Takes a value that came with another answer. */
  take(value: T): void {
    this.#running?.abort();
    this.#running = undefined;
    this.loading = false;
    this.problem = undefined;
    this.value = value;
  }

  close(): void {
    this.#running?.abort();
    this.#running = undefined;
  }
}
