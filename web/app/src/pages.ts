// Every page with the texts it needs. A case and its room come with the app, as
// whoever is here may be called; the server names more-pages.ts in every other page,
// so that it comes together with the app.
import type { Component } from 'svelte';
import { loadText, type Area } from './core/i18n.svelte';
import type { Route } from './core/routes';
import Consult from './pages/consult/Consult.svelte';
import { parts } from './pages/later';
import Room from './pages/room/Room.svelte';

export type Shown = Component<{ id: string }> | Component;

export interface Page {
  load: () => Promise<Shown>;
  text: Area[];
  /** Fills the window, without the header (call, paper). */
  bare?: boolean;
}

/** A page that is there, with its texts. */
export interface Loaded {
  component: Component<{ id: string }>;
  bare: boolean;
}

async function find(name: Route['page']): Promise<Page> {
  if (name === 'consult') return { load: async () => Consult, text: [] };
  if (name === 'room') return { load: async () => Room, text: [], bare: true };
  return (await parts.pages()).pages[name];
}

/** Loads a page with its texts; a second call costs nothing. */
export async function load(name: Route['page']): Promise<Loaded> {
  const { load, text, bare } = await find(name);
  const [component] = await Promise.all([load(), loadText(...text)]);
  return { component: component as Component<{ id: string }>, bare: bare ?? false };
}
