// The pages of the administration.
export { default as Audit } from './Audit.svelte';
export { default as Charges } from './Charges.svelte';
export { default as People } from './People.svelte';
export { default as Places } from './Places.svelte';
export { default as Quality } from './Quality.svelte';
