// Two languages, one loaded at a time. Text is grouped in areas that load with
// the page that needs them; both languages hold the same keys, which the type
// checker sees to: core/text/zh is the reference, core/text/en is typed by it.
import { areas, type Area, type Key } from './text';

export type Locale = 'zh-CN' | 'en';
export type { Key, Area };
export type Values = Record<string, string | number>;

let current = $state.raw<Locale>('zh-CN');
let texts = $state.raw<Partial<Record<Key, string>>>({});
const wanted = new Set<Area>();

export const locale = {
  get current(): Locale {
    return current;
  },
};

/** Loads areas of text in the current language; a second call costs nothing. */
export async function loadText(...names: Area[]): Promise<void> {
  const missing = names.filter((name) => !wanted.has(name));
  if (missing.length === 0) return;
  const language = current;
  const loaded = await Promise.all(missing.map((name) => areas[name][language]()));
  if (language !== current) return loadText(...names); // switched meanwhile
  for (const name of missing) wanted.add(name);
  texts = Object.assign({}, texts, ...loaded.map((module) => module.default));
}

let turn = 0; // of switching; the last switch wins

/** Switches the language in place: the new texts are there before anything changes on screen. */
export async function setLocale(next: Locale): Promise<void> {
  const mine = ++turn;
  if (next === current && wanted.size > 0) return;
  let names: Area[];
  let loaded: { default: Partial<Record<Key, string>> }[];
  do {
    names = [...wanted];
    loaded = await Promise.all(names.map((name) => areas[name][next]()));
    if (mine !== turn) return;
  } while (names.length !== wanted.size); // a page asked for more texts meanwhile
  texts = Object.assign({}, ...loaded.map((module) => module.default));
  current = next;
}

/**
 * The text of a key in the current language. `{name}` is replaced by a value;
 * a text with a bar is `one|other`, chosen by the value `n`.
 */
export function t(key: Key, values?: Values): string {
  return fill(texts[key] ?? '', values);
}

/** The text of a key made at run time (a code from the server), or undefined when there is none. */
export function maybe(key: string, values?: Values): string | undefined {
  const text = texts[key as Key];
  return text === undefined ? undefined : fill(text, values);
}

export function fill(text: string, values?: Values): string {
  if (!values) return text;
  const bar = text.indexOf('|');
  if (bar >= 0 && 'n' in values) text = Number(values.n) === 1 ? text.slice(0, bar) : text.slice(bar + 1);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}
