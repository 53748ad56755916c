import type zh from '../zh/desk';

const en: Record<keyof typeof zh, string> = {
  'desk.title': '',
};
export default en;
