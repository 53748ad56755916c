import type { Locale } from './i18n.svelte';
import { format } from './time';

/** Date and time for paper and tables: no relation to now. */
export function stamp(at: number, locale: Locale, zone?: string): string {
  return format(locale, zone, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  }).format(at);
}
