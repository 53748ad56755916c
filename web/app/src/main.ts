import './ui/tokens.css';
import './ui/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { loadText } from './core/i18n.svelte';
import { readPreferences } from './preferences.svelte';

await readPreferences();
await loadText('shell');
mount(App, { target: document.getElementById('app')! });
