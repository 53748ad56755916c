import type zh from '../zh/consult';

const en: Record<keyof typeof zh, string> = {
  'consult.title': 'Consult',
};
export default en;
