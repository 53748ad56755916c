// The pages of an opinion: writing it, and on paper.
export { default as Print } from './Print.svelte';
export { default as Write } from './Write.svelte';
