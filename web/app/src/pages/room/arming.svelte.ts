// Whether this page can ring. Browsers keep a page silent until it is clicked;
// one that cannot ring says so and does not count as on duty.
import { audible, context, unlock } from '../../core/media-sound';
import type { DeskSocket } from '../../core/socket-desk';

let armed = $state.raw(false);

export const arming = {
  get armed(): boolean {
    return armed;
  },
};

/** Unlocks sound, if the browser lets it, and tells the server, also of what changes later. */
export async function arm(desk: DeskSocket): Promise<void> {
  // A busy machine starts its sound late; a telephone's own call takes it away for a while.
  context().onstatechange = () => note(desk);
  await unlock();
  note(desk);
}

/** Arms the page by the first click or key anywhere; returns how to stop. */
export function armByTouch(desk: DeskSocket): () => void {
  const touched = () => void arm(desk).then(() => armed && stop());
  const stop = () => {
    removeEventListener('pointerdown', touched);
    removeEventListener('keydown', touched);
  };
  addEventListener('pointerdown', touched);
  addEventListener('keydown', touched);
  // Signing in was a click already; after a reload it was not.
  if (navigator.userActivation?.hasBeenActive) touched();
  return stop;
}

function note(desk: DeskSocket): void {
  armed = audible();
  desk.arm(armed);
}
