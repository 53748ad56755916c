import type zh from '../zh/opinion';

const en: Record<keyof typeof zh, string> = {
  'opinion.title': '',
};
export default en;
