import { render } from 'svelte/server';
import { expect, it } from 'vitest';
import { loadText, t } from '../../core/i18n.svelte';
import Notices from './Notices.svelte';
import type { Visit } from './visit.svelte';

function notices(more: Partial<Visit>): string {
  const visit = { may: [], others: [], waiting: [], capture: () => 'on', live: () => true, ...more };
  return render(Notices, { props: { visit: visit as unknown as Visit, of: null } }).body;
}

it('says that of a picture only stills come', async () => {
  await loadText('app', 'call');
  expect(notices({ stills: true })).toContain(t('room.picture-stills'));
  expect(notices({ stills: false })).not.toContain(t('room.picture-stills'));
});
