import './ui/tokens.css';
import './ui/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { loadText } from './core/i18n.svelte';
import { here } from './navigation.svelte';
import { load } from './pages';
import { preferences, readPreferences } from './preferences.svelte';
import { restore } from './session.svelte';

await readPreferences();
// Who this is, the page and the words are asked for together. Where nobody has been
// signed in before, the page will be another; a failure is told when the app shows it.
void restore();
if (preferences.kept) load(here.route.page).catch(() => undefined);
await loadText('app');
mount(App, { target: document.getElementById('app')! });
