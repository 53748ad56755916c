// Whether this page can ring. Browsers keep a page silent until it is clicked;
// one that cannot ring says so and does not count as on duty.
import { audible, unlock } from '../../core/media-sound';
import type { DeskSocket } from '../../core/socket-desk';

let armed = $state(false);

export const arming = {
  get armed(): boolean {
    return armed;
  },
};

/** Unlocks sound, if the browser lets it, and tells the server. */
export async function arm(desk: DeskSocket): Promise<void> {
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
