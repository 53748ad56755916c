import { beforeEach, describe, expect, test } from 'vitest';
import { fill, loadText, locale, maybe, setLocale, t } from './i18n.svelte';
import { areas as ofCases, type Area } from './text';
import { more } from './text/more';

describe('the two languages', () => {
  const areas = { ...ofCases, ...more };
  const names = Object.keys(areas) as Area[];

  test.each(names)('%s: the same keys and the same values to fill in', async (name) => {
    const zh = (await areas[name]['zh-CN']()).default as Record<string, string>;
    const en = (await areas[name].en()).default as Record<string, string>;
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
    const values = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
    for (const key of Object.keys(zh)) {
      expect(values(en[key]!), key).toEqual(values(zh[key]!));
    }
  });

  test.each(names)('%s: no Chinese is left in English, no key is in two areas', async (name) => {
    const en = (await areas[name].en()).default as Record<string, string>;
    for (const [key, text] of Object.entries(en)) {
      if (!key.startsWith('language.')) expect(text, key).not.toMatch(/[\u4e00-\u9fff]/);
    }
    for (const other of names.filter((one) => one !== name)) {
      const keys = Object.keys((await areas[other].en()).default);
      expect(
        keys.filter((key) => key in en),
        `${name} and ${other}`,
      ).toEqual([]);
    }
  });
});

describe('text', () => {
  beforeEach(async () => {
    await setLocale('zh-CN');
    await loadText('app');
  });

  test('is there in one language, and in the other after switching in place', async () => {
    expect(t('urgency.emergency')).toBe('急');
    await setLocale('en');
    expect(locale.current).toBe('en');
    expect(t('urgency.emergency')).toBe('Emergency');
  });

  test('of a code that nobody translated is undefined', () => {
    expect(maybe('problem.made-up')).toBeUndefined();
  });

  test('fills values and picks one or other', () => {
    expect(fill('{n} file|{n} files', { n: 1 })).toBe('1 file');
    expect(fill('{n} file|{n} files', { n: 3 })).toBe('3 files');
    expect(fill('{who} wrote {what}', { who: 'Li' })).toBe('Li wrote {what}');
  });
});
