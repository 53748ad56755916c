// Times as people say them. Pure: now, zone and locale are arguments.
import type { Locale } from './i18n.svelte';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

interface Words {
  now: string;
  ago: (n: number, unit: Unit) => string;
  ahead: (n: number, unit: Unit) => string;
  yesterday: string;
  today: string;
  tomorrow: string;
  length: Record<Unit, (n: number) => string>;
}
type Unit = 'minute' | 'hour' | 'day';

const plural = (n: number, one: string, other: string) => `${n} ${n === 1 ? one : other}`;

const words: Record<Locale, Words> = {
  'zh-CN': {
    now: '刚刚',
    ago: (n, unit) => words['zh-CN'].length[unit](n) + '前',
    ahead: (n, unit) => words['zh-CN'].length[unit](n) + '后',
    yesterday: '昨天',
    today: '今天',
    tomorrow: '明天',
    length: { minute: (n) => `${n} 分钟`, hour: (n) => `${n} 小时`, day: (n) => `${n} 天` },
  },
  en: {
    now: 'just now',
    ago: (n, unit) => words.en.length[unit](n) + ' ago',
    ahead: (n, unit) => 'in ' + words.en.length[unit](n),
    yesterday: 'yesterday',
    today: 'today',
    tomorrow: 'tomorrow',
    length: { minute: (n) => `${n} min`, hour: (n) => `${n} h`, day: (n) => plural(n, 'day', 'days') },
  },
};

const formats = new Map<string, Intl.DateTimeFormat>();

/** The browser's format for a locale and a zone, made once. */
export function format(
  locale: Locale | 'sv',
  zone: string | undefined,
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  const key = locale + zone + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    // English dates in the British order: day before month, 24 hours.
    const tag = locale === 'en' ? 'en-GB' : locale;
    found = new Intl.DateTimeFormat(tag, { ...options, timeZone: zone || undefined, hourCycle: 'h23' });
    formats.set(key, found);
  }
  return found;
}

/** yyyy-mm-dd of an instant in a zone: as Swedish writes it. */
export function dayOf(at: number, zone?: string): string {
  return format('sv', zone, { year: 'numeric', month: '2-digit', day: '2-digit' }).format(at);
}

export function timeOfDay(at: number, locale: Locale, zone?: string): string {
  return format(locale, zone, { hour: '2-digit', minute: '2-digit' }).format(at);
}

/** "just now", "12 min ago", "in 2 h", "yesterday 16:40", "3 Nov 16:40". */
export function say(at: number, now: number, locale: Locale, zone?: string): string {
  const w = words[locale];
  const distance = at - now;
  const size = Math.abs(distance);
  if (size < minute) return w.now;
  const tell = distance < 0 ? w.ago : w.ahead;
  if (size < hour) return tell(Math.floor(size / minute), 'minute');
  if (size < 6 * hour && dayOf(at, zone) === dayOf(now, zone)) return tell(Math.round(size / hour), 'hour');
  return sayDay(at, now, locale, zone) + ' ' + timeOfDay(at, locale, zone);
}

/** "today", "yesterday", "Wed 5 Nov", "5 Nov 2025". */
export function sayDay(at: number, now: number, locale: Locale, zone?: string): string {
  const w = words[locale];
  const date = dayOf(at, zone);
  if (date === dayOf(now, zone)) return w.today;
  if (date === dayOf(now - day, zone)) return w.yesterday;
  if (date === dayOf(now + day, zone)) return w.tomorrow;
  const sameYear = date.slice(0, 4) === dayOf(now, zone).slice(0, 4);
  if (Math.abs(at - now) < 7 * day)
    return format(locale, zone, { month: 'short', day: 'numeric', weekday: 'short' }).format(at);
  return format(locale, zone, {
    month: 'short',
    day: 'numeric',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(at);
}

/** The whole truth, for hovering: date, time with seconds, zone. */
export function exact(at: number, locale: Locale, zone?: string): string {
  return format(locale, zone, {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  }).format(at);
}

/** How long: "3 min", "2 h 5 min", "4 days". Less than a minute counts as one. */
export function length(ms: number, locale: Locale): string {
  const w = words[locale].length;
  const minutes = Math.max(1, Math.floor(ms / minute));
  if (minutes < 60) return w.minute(minutes);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) {
    const rest = minutes % 60;
    return rest && hours < 6 ? `${w.hour(hours)} ${w.minute(rest)}` : w.hour(hours);
  }
  return w.day(Math.floor(hours / 24));
}

/** A running clock: 0:42, 12:05, 1:02:03. */
export function running(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const h = Math.floor(seconds / 3600);
  const m = Math.floor(seconds / 60) % 60;
  return h > 0 ? `${h}:${two(m)}:${two(seconds % 60)}` : `${m}:${two(seconds % 60)}`;
}

/** The short name of a zone at an instant: "GMT+8". */
export function zoneName(at: number, locale: Locale, zone?: string): string {
  return (
    format(locale, zone, { timeZoneName: 'short' })
      .formatToParts(at)
      .find((p) => p.type === 'timeZoneName')?.value ?? ''
  );
}
