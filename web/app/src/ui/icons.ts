// Path data of the icons, drawn for a 20-pixel grid. Constants, so that each page
// brings those that it shows.
export const add = 'M10 4v12M4 10h12';
export const back = 'M12 4l-6 6 6 6';
export const forward = 'M8 4l6 6-6 6';
export const close = 'M5 5l10 10M15 5L5 15';
export const phone =
  'M6.5 3.5l2 4-2 1.5a9 9 0 0 0 4.5 4.5l1.5-2 4 2v2.5a1.5 1.5 0 0 1-1.6 1.5A13 13 0 0 1 2.5 5a1.5 1.5 0 0 1 1.5-1.5z';
export const file = 'M5 2.5h6l4 4v11H5zM11 2.5v4h4';
export const photo = 'M3 4.5h14v11H3zM3 13l4-4 4 4 2.5-2.5L17 14M12.5 8h.01';
export const print = 'M6 7V3h8v4M6 14H3V7h14v7h-3M6 12h8v5H6z';
export const calendar = 'M3 5h14v12H3zM3 9h14M7 3v4M13 3v4';
export const bell = 'M5 14V9a5 5 0 0 1 10 0v5l1.5 1.5h-13zM8.5 17.5h3';
export const person = 'M10 10a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3.5 17.5c.5-4 3-5.5 6.5-5.5s6 1.5 6.5 5.5';
export const video = 'M2.5 5.5h10v9h-10zM12.5 9l5-2.5v7l-5-2.5';
export const home = 'M3 9.5L10 3.5l7 6M5 8.5v8h10v-8';
export const list = 'M7 5h10M7 10h10M7 15h10M3 5h.01M3 10h.01M3 15h.01';
export const lock = 'M4.5 9h11v8h-11zM7 9V6.5a3 3 0 0 1 6 0V9';
export const edit = 'M4 16l.8-3.5L13 4.3l2.7 2.7-8.2 8.2z';
