// Language and theme of this browser. The language of a signed-in person is
// kept on the server too; the browser's copy, a cookie, is for the sign-in page
// and for the server, which names the words that a page will need.
import { setLocale, locale, type Locale } from './core/i18n.svelte';

export type Theme = 'system' | 'light' | 'dark';

const system = matchMedia('(prefers-color-scheme: dark)');
const keptFor = 365 * 24 * 3600; // s
let theme = $state.raw<Theme>('system');

export const preferences = {
  /** Whether this browser keeps a language: somebody has been signed in before. */
  get kept() {
    return keptLanguage() !== undefined;
  },
  get theme() {
    return theme;
  },
};

export async function readPreferences(): Promise<void> {
  theme = (read('theme') as Theme | null) ?? 'system';
  paint();
  system.addEventListener('change', paint);
  const language = keptLanguage() ?? (navigator.language.startsWith('zh') ? 'zh-CN' : 'en');
  await setLocale(language === 'en' ? 'en' : 'zh-CN');
  document.documentElement.lang = locale.current;
}

export function setTheme(next: Theme): void {
  theme = next;
  write('theme', next);
  paint();
}

export async function setLanguage(next: Locale): Promise<void> {
  const secure = location.protocol === 'https:' ? '; secure' : '';
  document.cookie = `language=${next}; path=/; max-age=${keptFor}; samesite=lax${secure}`;
  await setLocale(next);
  document.documentElement.lang = next;
}

function keptLanguage(): string | undefined {
  return /(?:^|; )language=([^;]*)/.exec(document.cookie)?.[1];
}

function paint(): void {
  const dark = theme === 'dark' || (theme === 'system' && system.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}

// Storage may be forbidden (private windows); the app works without it.
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}
