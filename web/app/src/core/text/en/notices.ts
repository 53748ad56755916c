import type zh from '../zh/notices';

const en: Record<keyof typeof zh, string> = {
  'notice.unanswered':
    'Nobody has answered the emergency; the next group is being called. The telephone works too.',
  'notice.knocking': 'Somebody is in the waiting room for you.',
  'notice.waiting-long': 'Somebody has been waiting for more than 15 minutes.',
  'notice.due': 'A consult has reached its time limit.',
  'notice.break-glass': 'Somebody opened one of your cases in an emergency. Please have a look.',
  'notice.agreement': 'An agreement has changed. Please have a look.',
  'notice.call-back': 'The call has been broken for 2 minutes. Go back to the room, or use the telephone.',
  'notice.offer-async': 'The call has been broken for 10 minutes. It can continue in writing.',
  'notice.open': 'Have a look',
};
export default en;
