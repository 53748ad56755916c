// What of a case is not needed to act on it: it loads after the story and the
// next step are on screen.
export { default as Attachments } from './Attachments.svelte';
export { default as Consents } from './Consents.svelte';
export { default as Lacking } from './Lacking.svelte';
export { default as OpinionText } from './OpinionText.svelte';
export { default as Outcome } from './Outcome.svelte';
export { default as People } from './People.svelte';
export { default as Timeline } from './Timeline.svelte';
