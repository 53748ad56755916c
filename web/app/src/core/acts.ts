// What can be done with a case: sending a command, and which of the possible
// ones is the next thing this person should do.
import { api, newKey } from './api';
import type { components } from '../gen/api';
import type { CaseView, State } from './model';

type Schemas = components['schemas'];

export interface Bodies {
  submit: Schemas['SubmitCmd'];
  return: Schemas['ReturnCmd'];
  triage: Schemas['TriageCmd'];
  invite: Schemas['InviteCmd'];
  accept: Schemas['AcceptCmd'];
  decline: Schemas['DeclineCmd'];
  schedule: Schemas['ScheduleCmd'];
  write: Schemas['WriteCmd'];
  conclude: Schemas['ConcludeCmd'];
  sign: Schemas['SignCmd'];
  append: Schemas['AppendCmd'];
  decide: Schemas['DecideCmd'];
  follow: Schemas['FollowCmd'];
  close: Schemas['CloseCmd'];
  cancel: Schemas['CancelCmd'];
  miss: Schemas['MissCmd'];
  reopen: Schemas['ReopenCmd'];
  consent: Schemas['ConsentCmd'];
  withdraw: Schemas['WithdrawCmd'];
  escalate: Schemas['EscalateCmd'];
}
export type Verb = keyof Bodies;

/** Remembers the key of an act, so that sending the same again is the same act. */
export class Once {
  #content = '';
  #key = '';

  keyFor(content: unknown): string {
    const text = JSON.stringify(content);
    if (text !== this.#content || !this.#key) {
      this.#content = text;
      this.#key = newKey();
    }
    return this.#key;
  }
}

/** Sends a command about a case as the person saw it. */
export function perform<V extends Verb>(
  of: Pick<CaseView, 'id' | 'version'>,
  verb: V,
  body: Bodies[V],
  once = new Once(),
): Promise<CaseView> {
  // Every verb's route has the same shape; only the body differs.
  const path = `/api/consults/{id}/${verb}` as '/api/consults/{id}/submit';
  return api.post(path, {
    path: { id: of.id },
    body: body as Schemas['SubmitCmd'],
    version: of.version,
    key: once.keyFor([of.id, verb, body]),
  });
}

/** How an act begins: at once, with a dialog, or on a page of its own. */
export type Deed =
  | Exclude<Verb, 'submit' | 'sign' | 'withdraw'>
  | 'edit' // go on writing the request
  | 'enter' // the room
  | 'opinion' // write and sign
  | 'vitals';

const inRoom: State[] = ['scheduled', 'ready', 'waiting', 'in-call', 'interrupted'];
const writing: State[] = ['async', 'opinion-due'];

/** Everything this person can do with the case now, the loudest first. */
export function deeds(of: CaseView): Deed[] {
  const can = new Set<string>([...of.possible, ...of.may]);
  const out: Deed[] = [];
  const offer = (deed: Deed, when: boolean) => {
    if (when && !out.includes(deed)) out.push(deed);
  };
  offer('edit', can.has('case.edit') && (of.state === 'draft' || of.state === 'returned'));
  offer('enter', can.has('room.enter') && (inRoom.includes(of.state) || ringing(of)));
  offer('opinion', can.has('opinion.draft') && (writing.includes(of.state) || can.has('sign')));
  const order: Deed[] = [
    'accept',
    'triage',
    'invite',
    'schedule',
    'decide',
    'follow',
    'reopen',
    'escalate',
    'conclude',
    'close',
    'return',
    'decline',
    'write',
    'consent',
    'append',
    'miss',
    'cancel',
  ];
  for (const deed of order) offer(deed, can.has(deed));
  offer('vitals', can.has('case.vitals'));
  if (of.state === 'follow-up' && can.has('close')) out.unshift(...out.splice(out.indexOf('close'), 1));
  return out;
}

/** It rings now, or the doctor who started it may wait in the room already. */
export function ringing(of: CaseView): boolean {
  return of.state === 'invited' && of.start_now;
}

/** The stations of a case as the person sees them: a line of steps. */
export type Step = 'request' | 'triage' | 'expert' | 'time' | 'call' | 'opinion' | 'decision' | 'outcome';

const stationOf: Record<State, Step | undefined> = {
  draft: 'request',
  returned: 'request',
  submitted: 'triage',
  triaged: 'expert',
  invited: 'expert',
  accepted: 'time',
  scheduled: 'call',
  ready: 'call',
  waiting: 'call',
  'in-call': 'call',
  interrupted: 'call',
  async: 'opinion',
  'opinion-due': 'opinion',
  signed: 'decision',
  decided: 'outcome',
  'follow-up': 'outcome',
  closed: undefined,
  cancelled: undefined,
  expired: undefined,
  'no-show': undefined,
};

export interface Steps {
  steps: Step[];
  /** Index of the present step; steps.length when all are done, -1 when it ended early. */
  at: number;
}

export function steps(of: Pick<CaseView, 'state' | 'start_now' | 'kind' | 'booking'>): Steps {
  const all: Step[] = of.start_now
    ? ['request', 'expert', 'call', 'opinion', 'decision', 'outcome']
    : of.kind === 'asynchronous' || of.kind === 'diagnosis'
      ? ['request', 'triage', 'expert', 'opinion', 'decision', 'outcome']
      : ['request', 'triage', 'expert', 'time', 'call', 'opinion', 'decision', 'outcome'];
  if (of.state === 'closed') return { steps: all, at: all.length };
  let station = stationOf[of.state];
  if (!station) return { steps: all, at: -1 };
  if (!all.includes(station))
    station = station === 'triage' ? 'expert' : station === 'time' ? 'opinion' : 'call';
  return { steps: all, at: Math.max(0, all.indexOf(station)) };
}
