// What a person should know at once, whatever page they are on: said at the
// foot of the page with the way to the case. Inside a call the room says it.
import { loadText, t } from './core/i18n.svelte';
import { desk } from './desk';
import type { Notice } from './gen/protocol';
import { now } from './pages/room/now.svelte';
import { say } from './ui/toasts.svelte';

export function listen(): () => void {
  return desk.on('notice', (notice) => void tell(notice));
}

async function tell(notice: Notice): Promise<void> {
  const { consult, kind } = notice;
  if (consult && now.consult === consult) return;
  await loadText('terms');
  say(t(`notice.${kind}`), consult ? { link: `/consults/${consult}`, linkText: t('notice.open') } : {});
}
