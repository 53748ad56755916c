// Names of what can be missing from a request: fields, measurements, items of a
// specialty's minimum data set. A coordinator's own words stay as they are.
import { maybe } from './i18n.svelte';

export function nameOf(key: string): string {
  const bare = key.replace(/^(request|body)\./, '');
  return maybe(bare) ?? maybe(`field.${bare}`) ?? bare;
}
