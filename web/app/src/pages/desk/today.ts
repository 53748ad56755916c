// Whether a booked consult is today, in the person's own zone.
import { clock } from '../../core/clock.svelte';
import type { Line } from '../../core/model';
import { dayOf } from '../../core/time';
import { session } from '../../session.svelte';

export function isToday(line: Line): boolean {
  if (!line.booking) return false;
  return dayOf(Date.parse(line.booking.start), session.zone) === dayOf(clock.now, session.zone);
}
