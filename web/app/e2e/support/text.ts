// The app's own texts, so that a journey names what it looks for by key and a
// change of wording breaks nothing.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Key } from '../../src/core/text';

export type Language = 'zh-CN' | 'en';
export type TextKey = Key;

const folder = path.resolve(import.meta.dirname, '../../src/core/text');
const texts: Record<Language, Record<string, string>> = { 'zh-CN': await all('zh'), en: await all('en') };

async function all(language: string): Promise<Record<string, string>> {
  const areas = readdirSync(path.join(folder, language)).filter((file) => file.endsWith('.ts'));
  const modules = await Promise.all(
    areas.map(
      (file) => import(path.join(folder, language, file)) as Promise<{ default: Record<string, string> }>,
    ),
  );
  return Object.assign({}, ...modules.map((module) => module.default)) as Record<string, string>;
}

export function text(language: Language, key: TextKey, values: Record<string, string | number> = {}): string {
  const found = texts[language][key];
  if (found === undefined) throw new Error(`no text ${key} in ${language}`);
  return found.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Matches the text of a key whatever its values, and "optional" after it. */
export function reading(language: Language, key: TextKey): RegExp {
  const forms = text(language, key).split('|');
  const escape = (words: string) =>
    words.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\\\{\w+\\\}/g, '.*');
  const optional = text(language, 'optional');
  return new RegExp(`^\\s*(${forms.map(escape).join('|')})\\s*(${optional})?\\s*$`);
}
