// Language and theme of this browser. The language of a signed-in person is
// kept on the server too; the browser's copy is for the sign-in page.
import { setLocale, locale, type Locale } from './core/i18n.svelte';

export type Theme = 'system' | 'light' | 'dark';

const system = matchMedia('(prefers-color-scheme: dark)');
let theme = $state<Theme>('system');

export const preferences = {
  get theme() {
    return theme;
  },
};

export async function readPreferences(): Promise<void> {
  theme = (read('theme') as Theme | null) ?? 'system';
  paint();
  system.addEventListener('change', paint);
  const language = read('language') ?? (navigator.language.startsWith('zh') ? 'zh-CN' : 'en');
  await setLocale(language === 'en' ? 'en' : 'zh-CN');
  document.documentElement.lang = locale.current;
}

export function setTheme(next: Theme): void {
  theme = next;
  write('theme', next);
  paint();
}

export async function setLanguage(next: Locale): Promise<void> {
  write('language', next);
  await setLocale(next);
  document.documentElement.lang = next;
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
