// Whether a row waits for the person who reads it.
import type { Line } from '../../core/model';
import { session } from '../../session.svelte';

const inviting = ['owner', 'accompanying'];
const invited = ['invited', 'expert', 'chair', 'member'];

export const ofInviting = (line: Line): boolean => inviting.includes(line.seat);
export const ofInvited = (line: Line): boolean => invited.includes(line.seat);

export function waitsForMe(line: Line): boolean {
  switch (line.waits_for) {
    case 'requester':
      return ofInviting(line);
    case 'expert':
      return ofInvited(line);
    case 'both':
      return ofInviting(line) || ofInvited(line);
    case 'coordinator':
      return session.has('coordinator');
  }
  return false;
}
