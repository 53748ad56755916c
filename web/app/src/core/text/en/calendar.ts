import type zh from '../zh/calendar';

const en: Record<keyof typeof zh, string> = {
  'calendar.title': '',
};
export default en;
