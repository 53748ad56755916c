// The pages before a session.
export { default as Enrol } from './Enrol.svelte';
export { default as Reset } from './Reset.svelte';
export { default as SignIn } from './SignIn.svelte';
