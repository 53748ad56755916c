// Keeps what is on screen up to date: reads anew when the desk socket says that
// something changed, at most once in a short while.
import { inBackground } from './core/api';
import { desk } from './desk';
import type { Changed, Notice } from './gen/protocol';

const together = 150; // ms; one act often changes several things at once

interface Interest {
  /** Which changes matter; all when left out. */
  changed?: (change: Changed) => boolean;
  presence?: boolean;
  notice?: (notice: Notice) => boolean;
}

export function follow(read: () => void, interest: Interest = {}): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => inBackground(read), together);
  };
  const stops = [
    desk.on('stale', soon),
    desk.on('changed', (change) => {
      if (interest.changed?.(change) ?? true) soon();
    }),
  ];
  if (interest.presence) stops.push(desk.on('presence', soon));
  if (interest.notice) {
    const matters = interest.notice;
    stops.push(
      desk.on('notice', (notice) => {
        if (matters(notice)) soon();
      }),
    );
  }
  return () => {
    clearTimeout(timer);
    stops.forEach((stop) => stop());
  };
}
