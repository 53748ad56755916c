// The one desk socket of this tab: rings, changes and presence for every page.
import { api } from './core/api';
import { DeskSocket } from './core/socket-desk';
import { here } from './navigation.svelte';

// A browser opens one WebSocket to a server at a time (RFC 6455, section 4.1),
// and on a distant link that takes seconds: on the way into a call the room's
// socket goes first.
const waitsAtMost = 10_000; // ms, should the room not come up at all

/** Whoever goes into a call hears, who waits has the room's socket, or neither will be. */
export let roomWent: () => void;
const roomStands = new Promise<void>((resolve) => (roomWent = resolve));

export const desk = new DeskSocket({
  ticket: async () => {
    if (here.route.page === 'room') {
      setTimeout(roomWent, waitsAtMost);
      await roomStands;
    }
    return (await api.post('/api/tickets/desk')).ticket;
  },
});
