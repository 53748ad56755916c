// The one desk socket of this tab: rings, changes and presence for every page.
import { api } from './core/api';
import { DeskSocket } from './core/socket-desk';
import { here } from './navigation.svelte';

// A browser opens one WebSocket to a server at a time (RFC 6455, section 4.1),
// and on a distant link that takes seconds: on the way into a call, or back into it,
// the room's socket goes first.
const look = 500; // ms
const looks = 20; // at most, should the room not come up at all
let stands = false;

/** Whether who goes into a call hears, who waits has the room's socket, or neither will be. */
export function roomStands(now: boolean): void {
  stands = now;
}

export const desk = new DeskSocket({
  ticket: async () => {
    for (let i = 0; i < looks && here.route.page === 'room' && !stands; i++)
      await new Promise((next) => setTimeout(next, look));
    return (await api.post('/api/tickets/desk')).ticket;
  },
});
