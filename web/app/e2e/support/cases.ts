// Brings a consult to where a journey begins, through the API and with the
// sessions of the people it belongs to.
import type { CaseView } from '../../src/core/model';
import type { Person } from './person';

/** Whoever has a session, in whichever browser. */
type Asking = Pick<Person, 'login' | 'asks'>;

/** Does a verb of the lifecycle as this person; fails when the server refuses. */
export async function does(person: Asking, verb: string, id: string, body: unknown = {}): Promise<CaseView> {
  const answer = await person.asks('POST', `/api/consults/${id}/${verb}`, body);
  if (answer.status >= 300)
    throw new Error(`${person.login} ${verb}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body as CaseView;
}

export async function caseOf(person: Person, id: string): Promise<CaseView> {
  return (await person.asks('GET', `/api/consults/${id}`)).body as CaseView;
}

export const chestPain = {
  patient: { name: '刘建国', age: 62, sex: 'male' },
  question: '胸痛两小时伴出汗，是否溶栓？',
};

/** The patient agrees that others are there. */
export const attendance = {
  purposes: ['attendance'],
  version: '1',
  language: 'zh-CN',
  signer: '刘建国',
  relationship: 'self',
};

/** An emergency at cardiology, rung and not yet accepted. */
export async function startsEmergency(doctor: Asking, department = 'demo-cardiology'): Promise<string> {
  const answer = await doctor.asks('POST', '/api/consults/start', {
    ...chestPain,
    department,
    vitals: { taken: new Date().toISOString(), systolic: 98, diastolic: 62, heart_rate: 54, spo2: 95 },
    consent: {
      purposes: ['care', 'sharing'],
      version: '1',
      language: 'zh-CN',
      signer: '刘建国',
      relationship: 'self',
    },
  });
  if (answer.status >= 300) throw new Error(`start: ${answer.status} ${JSON.stringify(answer.body)}`);
  return (answer.body as CaseView).id;
}

/** An emergency that the expert has accepted: both may walk in. */
export async function callRuns(doctor: Asking, expert: Asking, department?: string): Promise<string> {
  const id = await startsEmergency(doctor, department);
  await does(expert, 'accept', id);
  return id;
}

/** The call is over and the opinion is due. */
export async function opinionIsDue(doctor: Person, expert: Person): Promise<string> {
  const id = await callRuns(doctor, expert);
  await does(expert, 'end', id);
  return id;
}

/** Puts an expert on duty, so that an emergency finds them. */
export async function takesDuty(expert: Asking, department: string): Promise<void> {
  const answer = await expert.asks('PUT', `/api/duty/${department}`, { on: true, rank: 1 });
  if (answer.status >= 300) throw new Error(`duty: ${answer.status} ${JSON.stringify(answer.body)}`);
}
