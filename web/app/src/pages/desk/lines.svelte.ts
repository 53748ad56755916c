// A list of consults from the server: search, filter, further pages, and kept
// up to date while it is on screen.
import { untrack } from 'svelte';
import { api } from '../../core/api';
import type { Line, State } from '../../core/model';
import { Resource } from '../../core/resource.svelte';
import { follow } from '../../live';
import { session } from '../../session.svelte';

export type Scope = 'mine' | 'queue' | 'today' | 'closed';

const pause = 250; // ms between the last key and the search

export class Lines {
  search = $state('');
  state = $state<State | ''>('');
  readonly scope: Scope;
  readonly list: Resource<{ items: Line[]; next?: string }>;
  #limit = 60;

  constructor(scope: Scope) {
    this.scope = scope;
    this.list = new Resource((signal) =>
      api.get('/api/consults', {
        query: {
          scope: this.scope,
          q: this.search.trim(),
          ...(this.state ? { state: [this.state] } : {}),
          limit: this.#limit,
          zone: session.zone,
        },
        signal,
      }),
    );
  }

  get items(): Line[] {
    return this.list.value?.items ?? [];
  }

  get filtered(): boolean {
    return this.search.trim() !== '' || this.state !== '';
  }

  more(): void {
    this.#limit += 60;
    void this.list.load();
  }

  /** For an effect: reads at once, on every change of the filter and of the cases. */
  watch(): () => void {
    void [this.search, this.state];
    // The answer must not be what the effect waits for, or it would ask for ever.
    const shown = untrack(() => this.list.value !== undefined);
    const timer = setTimeout(() => void this.list.load(), shown ? pause : 0);
    const stop = follow(() => this.list.load());
    return () => {
      clearTimeout(timer);
      stop();
    };
  }
}
