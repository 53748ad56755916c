// Attachment: where something stands along its line, in percent of it.
import type { Attachment } from 'svelte/attachments';

export const placed =
  (place: { left?: number; right?: number; width?: number }): Attachment<HTMLElement> =>
  (element) => {
    for (const [side, percent] of Object.entries(place)) element.style.setProperty(side, `${percent}%`);
  };
