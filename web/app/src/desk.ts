// The one desk socket of this tab: rings, changes and presence for every page.
import { api } from './core/api';
import { DeskSocket } from './core/socket-desk';

export const desk = new DeskSocket({
  ticket: async () => (await api.post('/api/tickets/desk')).ticket,
});
