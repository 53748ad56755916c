import type zh from '../zh/request';

const en: Record<keyof typeof zh, string> = {
  'request.title': '',
};
export default en;
