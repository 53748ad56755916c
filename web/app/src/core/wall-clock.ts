// What a clock on a wall says, turned into instants: for whoever plans, not for
// whoever only reads.
import { format } from './time';

/** The instant of a wall-clock time in a zone ("2026-11-21", "09:30", "Asia/Shanghai"). */
export function instant(date: string, time: string, zone?: string): number {
  const guess = Date.parse(`${date}T${time}:00Z`);
  // Two rounds settle on the right side of a change of clocks.
  let at = guess - offset(guess, zone);
  at = guess - offset(at, zone);
  return at;
}

function offset(at: number, zone?: string): number {
  const parts = format('en', zone, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(at);
  const part = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  const wall = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
  return wall - Math.floor(at / 1000) * 1000;
}

/** The zone of this computer. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
