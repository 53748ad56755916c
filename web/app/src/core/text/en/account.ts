import type zh from '../zh/account';

const en: Record<keyof typeof zh, string> = {
  'account.title': '',
};
export default en;
