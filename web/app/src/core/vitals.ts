// The measurements of the domain, in the order in which clinicians read them.
import type { Vitals } from './model';

export type Measure = Exclude<keyof Vitals, 'taken' | 'by' | 'device'>;

interface Definition {
  key: Measure;
  unit: string;
  digits: number;
}

export const measures: Definition[] = [
  { key: 'systolic', unit: 'mmHg', digits: 0 },
  { key: 'diastolic', unit: 'mmHg', digits: 0 },
  { key: 'heart_rate', unit: '/min', digits: 0 },
  { key: 'respiratory_rate', unit: '/min', digits: 0 },
  { key: 'temperature', unit: '°C', digits: 1 },
  { key: 'spo2', unit: '%', digits: 0 },
  { key: 'glucose', unit: 'mmol/L', digits: 1 },
  { key: 'weight', unit: 'kg', digits: 1 },
  { key: 'height', unit: 'cm', digits: 0 },
  { key: 'gcs', unit: '', digits: 0 },
  { key: 'pain', unit: '', digits: 0 },
];

export interface Series {
  key: Measure | 'pressure';
  unit: string;
  /** The newest value as it is written: "92", "168/94". */
  text: string;
  at: number;
  /** Oldest first; for a pressure the systolic values. */
  points: { at: number; value: number }[];
  /** A pressure's diastolic values. */
  lower?: { at: number; value: number }[];
}

/** One series per measurement that was ever taken. */
export function series(sets: readonly Vitals[]): Series[] {
  const ordered = [...sets].sort((a, b) => Date.parse(a.taken) - Date.parse(b.taken));
  const out: Series[] = [];
  for (const { key, unit, digits } of measures) {
    if (key === 'diastolic') continue;
    const points = pointsOf(ordered, key);
    const newest = points.at(-1);
    if (key === 'systolic') {
      const lower = pointsOf(ordered, 'diastolic');
      const under = lower.at(-1);
      const last = newest ?? under;
      if (!last) continue;
      const text = `${newest ? newest.value.toFixed(0) : '–'}/${under ? under.value.toFixed(0) : '–'}`;
      out.push({ key: 'pressure', unit, text, at: last.at, points, lower });
    } else if (newest) out.push({ key, unit, text: newest.value.toFixed(digits), at: newest.at, points });
  }
  return out;
}

function pointsOf(sets: readonly Vitals[], key: Measure): { at: number; value: number }[] {
  return sets.flatMap((set) => {
    const value = set[key];
    return value === undefined || value === null ? [] : [{ at: Date.parse(set.taken), value }];
  });
}

/** SVG points of a trend in a box of the given size, newest at the right edge. */
export function trend(
  points: readonly { at: number; value: number }[],
  all: readonly number[],
  w: number,
  h: number,
): string {
  if (points.length < 2) return '';
  const from = points[0]!.at;
  const span = points.at(-1)!.at - from || 1;
  const low = Math.min(...all);
  const range = Math.max(...all) - low || 1;
  return points
    .map(
      (p) => `${(((p.at - from) / span) * w).toFixed(1)},${(h - ((p.value - low) / range) * h).toFixed(1)}`,
    )
    .join(' ');
}
