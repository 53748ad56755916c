import type zh from '../zh/room';

const en: Record<keyof typeof zh, string> = {
  'room.title': 'Consult',
};
export default en;
