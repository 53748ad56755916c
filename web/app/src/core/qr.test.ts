import { expect, test } from 'vitest';
import { qr } from './qr';

// The whole encoder was checked once against an independent reader; this holds its shape.
test.each([
  ['HELLO', 21],
  ['otpauth://totp/x?secret=JBSWY3DPEHPK3PXP', 29],
])('%s fits a code of %i modules', (text, size) => {
  const grid = qr(text);
  expect(grid.length).toBe(size);
  expect(grid.every((row) => row.length === size)).toBe(true);
});

test('three finders and the timing pattern stand where a reader looks for them', () => {
  const grid = qr('HELLO');
  const row = (y: number) => grid[y]!.map((on) => (on ? '#' : '.')).join('');
  expect(row(0).slice(0, 7)).toBe('#######');
  expect(row(0).slice(-7)).toBe('#######');
  expect(row(20).slice(0, 7)).toBe('#######');
  expect(row(6)).toMatch(/^#######\.#\.#\.#\.#######$/);
});

test('is the same code every time, and another for another text', () => {
  expect(qr('a')).toEqual(qr('a'));
  expect(qr('a')).not.toEqual(qr('b'));
});

test('too long a text is refused', () => {
  expect(() => qr('x'.repeat(400))).toThrow(RangeError);
});
