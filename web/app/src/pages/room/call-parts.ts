// What of a call loads once it stands.
export { default as Chat } from './Chat.svelte';
export { default as Leaving } from './Leaving.svelte';
export { default as Over } from './Over.svelte';
export { default as People } from './People.svelte';
