import { expect, test } from 'vitest';
import { birthOf, timeOf } from './dates';

test.each([
  ['1958', '1958'],
  ['1958-3', '1958-03'],
  ['1958-3-9', '1958-03-09'],
  ['19580312', '1958-03-12'],
  ['1958年3月12日', '1958-03-12'],
  ['1958/03/12', '1958-03-12'],
  ['１９５８－０３－１２', '1958-03-12'],
])('%s is a date', (text, date) => expect(birthOf(text)).toBe(date));

test.each(['', '58', '1958-13', '1958-01-32', 'yesterday', '0001'])('%s is none', (text) =>
  expect(birthOf(text)).toBeUndefined(),
);

test.each([
  ['9:30', '09:30'],
  ['0930', '09:30'],
  ['930', '09:30'],
  ['14', '14:00'],
  ['9点半', '09:30'],
  ['9点', '09:00'],
  ['9.05', '09:05'],
])('%s is a time', (text, time) => expect(timeOf(text)).toBe(time));

test.each(['24:00', '9:75', 'noon', ''])('%s is no time', (text) => expect(timeOf(text)).toBeUndefined());
