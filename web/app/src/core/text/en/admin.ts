import type zh from '../zh/admin';

const en: Record<keyof typeof zh, string> = {
  'admin.title': '',
};
export default en;
