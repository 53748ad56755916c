import { describe, expect, test } from 'vitest';
import { typed } from './vital-entry';
import { series, trend } from './vitals';

describe('vital signs', () => {
  const sets = [
    { taken: '2026-11-21T10:00:00Z', systolic: 168, diastolic: 94, heart_rate: 92 },
    { taken: '2026-11-21T08:00:00Z', systolic: 180, diastolic: 100, temperature: 36.65 },
  ];
  test('show the newest value, whatever the order of arrival', () => {
    const found = series(sets);
    expect(found.map((one) => [one.key, one.text])).toEqual([
      ['pressure', '168/94'],
      ['heart_rate', '92'],
      ['temperature', '36.6'],
    ]);
    expect(found[0]!.points.map((point) => point.value)).toEqual([180, 168]);
  });
  test('half a blood pressure says so', () => {
    expect(series([{ taken: '2026-11-21T08:00:00Z', systolic: 90 }])[0]!.text).toBe('90/–');
  });
  test('a course runs from the left edge to the right', () => {
    const points = [
      { at: 0, value: 10 },
      { at: 50, value: 20 },
      { at: 100, value: 15 },
    ];
    expect(trend(points, [10, 20, 15], 100, 20)).toBe('0.0,20.0 50.0,0.0 100.0,10.0');
    expect(trend(points.slice(0, 1), [10], 100, 20)).toBe('');
  });
});

test.each([
  ['36,5', 36.5],
  ['３６．５', 36.5],
  [' 120 ', 120],
])('%s is a number', (text, number) => expect(typed(text)).toBe(number));
test('nothing is nothing, and words are no number', () => {
  expect(typed('')).toBeUndefined();
  expect(typed('normal')).toBeNaN();
  expect(typed('-3')).toBeNaN();
});
