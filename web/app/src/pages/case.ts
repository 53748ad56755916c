// A case and its room come together: whoever opens a case may be called.
export { default as Consult } from './consult/Consult.svelte';
export { default as Room } from './room/Room.svelte';
