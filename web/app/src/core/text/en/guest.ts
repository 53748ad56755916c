import type zh from '../zh/guest';

const en: Record<keyof typeof zh, string> = {
  'guest.title': 'Consult no. {n}',
  'guest.as': 'You take part in this consult as {seat}.',
  'guest.seat.interpreter': 'interpreter',
  'guest.seat.observer': 'observer',
  'guest.now': 'Now',
  'guest.when': 'Time',
  'guest.where': 'Institutions',
  'guest.who': 'Doctors',
  'guest.record':
    'You are in the call, but the record is not shown to you. Your part ends when the call is over.',
  'guest.enter': 'Enter the room',
  'guest.over': 'Your part in this consult is over',
  'guest.over-text':
    'Thank you for taking part. Nothing of the consult is shown here any more; the next invitation appears on your desk.',
};
export default en;
