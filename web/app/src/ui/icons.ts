// Path data of the icons, drawn for a 20-pixel grid.
export const icons = {
  add: 'M10 4v12M4 10h12',
  back: 'M12 4l-6 6 6 6',
  forward: 'M8 4l6 6-6 6',
  close: 'M5 5l10 10M15 5L5 15',
  phone:
    'M6.500 3.500l2 4-2 1.500a9 9 0 0 0 4.500 4.500l1.500-2 4 2v2.500a1.500 1.500 0 0 1-1.600 1.500A13 13 0 0 1 2.500 5a1.500 1.500 0 0 1 1.500-1.500z',
  file: 'M5 2.500h6l4 4v11H5zM11 2.500v4h4',
  photo: 'M3 4.500h14v11H3zM3 13l4-4 4 4 2.500-2.500L17 14M12.500 8h.01',
  print: 'M6 7V3h8v4M6 14H3V7h14v7h-3M6 12h8v5H6z',
  calendar: 'M3 5h14v12H3zM3 9h14M7 3v4M13 3v4',
  bell: 'M5 14V9a5 5 0 0 1 10 0v5l1.500 1.500h-13zM8.500 17.500h3',
  person:
    'M10 10a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM3.500 17.500c.5-4 3-5.500 6.500-5.500s6 1.500 6.500 5.500',
  video: 'M2.500 5.500h10v9h-10zM12.500 9l5-2.500v7l-5-2.500',
  home: 'M3 9.500L10 3.500l7 6M5 8.500v8h10v-8',
  list: 'M7 5h10M7 10h10M7 15h10M3 5h.01M3 10h.01M3 15h.01',
  lock: 'M4.500 9h11v8h-11zM7 9V6.500a3 3 0 0 1 6 0V9',
  edit: 'M4 16l.8-3.500L13 4.300l2.700 2.700-8.200 8.200z',
} as const;

export type IconName = keyof typeof icons;
