// Measurements as they are typed in.
import type { Measure } from './vitals';

/** What a living body can have; anything else was typed wrong. */
export const limits: Record<Measure, { min: number; max: number }> = {
  systolic: { min: 20, max: 320 },
  diastolic: { min: 10, max: 220 },
  heart_rate: { min: 0, max: 350 },
  respiratory_rate: { min: 0, max: 120 },
  temperature: { min: 20, max: 46 },
  spo2: { min: 0, max: 100 },
  glucose: { min: 0, max: 80 },
  weight: { min: 0.2, max: 500 },
  height: { min: 20, max: 260 },
  gcs: { min: 3, max: 15 },
  pain: { min: 0, max: 10 },
};

/** A number as typed, with a decimal comma or full-width digits; undefined when empty, NaN when wrong. */
export function typed(text: string): number | undefined {
  const plain = text.normalize('NFKC').trim().replace(',', '.');
  if (!plain) return undefined;
  return /^\d+(\.\d+)?$/.test(plain) ? Number(plain) : NaN;
}
