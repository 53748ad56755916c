// Sending one command from a dialog: busy while it goes, the problem when it
// fails, the same key when the same thing is sent again.
import { Once, perform, type Bodies, type Verb } from '../../../core/acts';
import { Problem } from '../../../core/api';
import type { DialogProps } from '.';

export class Sending {
  busy = $state(false);
  problem = $state.raw<unknown>(null);
  #once = new Once();
  #props: () => DialogProps;

  constructor(props: () => DialogProps) {
    this.#props = props;
  }

  async send<V extends Verb>(verb: V, body: Bodies[V]): Promise<void> {
    if (this.busy) return;
    const { of, ondone, onstale } = this.#props();
    this.busy = true;
    this.problem = null;
    try {
      ondone(await perform(of, verb, body, this.#once));
    } catch (cause) {
      this.problem = cause;
      if (cause instanceof Problem && cause.status === 409) onstale();
    } finally {
      this.busy = false;
    }
  }
}
