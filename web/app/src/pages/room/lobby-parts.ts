// What of a lobby loads when somebody stays in it.
export { default as Devices } from './Devices.svelte';
export { default as Level } from './Level.svelte';
export { default as LinkCheck } from './LinkCheck.svelte';
