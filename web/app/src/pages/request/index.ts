// The pages that write a request.
export { default as Edit } from './Edit.svelte';
export { default as New } from './New.svelte';
export { default as Start } from './Start.svelte';
