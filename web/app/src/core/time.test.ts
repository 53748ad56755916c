import { describe, expect, test } from 'vitest';
import { dayOf, length, running, say, sayDay, timeOfDay } from './time';
import { instant } from './wall-clock';

const shanghai = 'Asia/Shanghai';
const now = Date.parse('2026-11-21T08:40:00Z'); // 16:40 in Shanghai
const ago = (minutes: number) => now - minutes * 60_000;

describe('times as people say them', () => {
  test.each([
    [now, '刚刚', 'just now'],
    [ago(12), '12 分钟前', '12 min ago'],
    [ago(-12), '12 分钟后', 'in 12 min'],
    [ago(120), '2 小时前', '2 h ago'],
    [ago(24 * 60), '昨天 16:40', 'yesterday 16:40'],
    [ago(-24 * 60), '明天 16:40', 'tomorrow 16:40'],
    [ago(10 * 60), '今天 06:40', 'today 06:40'],
  ])('%#', (at, zh, en) => {
    expect(say(at, now, 'zh-CN', shanghai)).toBe(zh);
    expect(say(at, now, 'en', shanghai)).toBe(en);
  });

  test('another day has its date, another year its year', () => {
    expect(sayDay(Date.parse('2026-03-01T00:00:00Z'), now, 'en', shanghai)).toBe('1 Mar');
    expect(sayDay(Date.parse('2025-03-01T00:00:00Z'), now, 'en', shanghai)).toBe('1 Mar 2025');
  });

  test('today is a matter of the zone', () => {
    const late = Date.parse('2026-11-21T20:00:00Z'); // already the 22nd in Shanghai
    expect(dayOf(late, shanghai)).toBe('2026-11-22');
    expect(dayOf(late, 'UTC')).toBe('2026-11-21');
  });

  test('lengths', () => {
    expect(length(30_000, 'en')).toBe('1 min');
    expect(length(125 * 60_000, 'en')).toBe('2 h 5 min');
    expect(length(3 * 86_400_000, 'zh-CN')).toBe('3 天');
    expect(running(42_000)).toBe('0:42');
    expect(running(3_723_000)).toBe('1:02:03');
  });
});

describe('a wall clock in a zone', () => {
  test.each([
    ['2026-11-22', '09:30', shanghai, '2026-11-22T01:30:00.000Z'],
    ['2026-07-01', '09:00', 'Europe/Berlin', '2026-07-01T07:00:00.000Z'],
    ['2026-12-01', '09:00', 'Europe/Berlin', '2026-12-01T08:00:00.000Z'],
    ['2026-10-25', '12:00', 'Europe/Berlin', '2026-10-25T11:00:00.000Z'],
    ['2026-11-22', '09:00', 'Asia/Kathmandu', '2026-11-22T03:15:00.000Z'],
  ])('%s %s in %s', (day, time, zone, utc) => {
    const at = instant(day, time, zone);
    expect(new Date(at).toISOString()).toBe(utc);
    expect(timeOfDay(at, 'en', zone)).toBe(time);
  });
});
