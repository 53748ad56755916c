// Which call this tab is in. A ring is silent then, and the page does not lock.
let consult = $state.raw('');

export const now = {
  /** Id of the consult whose call this tab is in; empty outside a call. */
  get consult(): string {
    return consult;
  },
  entered(id: string): void {
    consult = id;
  },
  left(id: string): void {
    if (consult === id) consult = '';
  },
};
