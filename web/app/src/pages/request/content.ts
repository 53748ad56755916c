// The request form's content and how it becomes the API's request and back.
import type { CaseView, Diagnosis, Kind, Request, Urgency, Vitals } from '../../core/model';
import { birthOf } from '../../core/dates';
import { emptyVitals, readVitals, writeVitals, type VitalsInput } from './VitalFields.svelte';

export interface Content {
  institution: string;
  kind: Kind;
  urgency: Urgency;
  name: string;
  localID: string;
  birth: string;
  age: string;
  sex: '' | 'male' | 'female' | 'other' | 'unknown';
  confidential: boolean;
  question: string;
  specialty: string;
  complaint: string;
  history: string;
  examination: string;
  allergies: string;
  medication: string;
  diagnoses: Diagnosis[];
  data: Record<string, string>;
  vitals: VitalsInput;
  /** When the form's own set of measurements was taken; other sets stay as they are. */
  taken: string;
}

export function blank(institution: string): Content {
  return {
    institution,
    kind: 'video',
    urgency: 'routine',
    name: '',
    localID: '',
    birth: '',
    age: '',
    sex: '',
    confidential: false,
    question: '',
    specialty: '',
    complaint: '',
    history: '',
    examination: '',
    allergies: '',
    medication: '',
    diagnoses: [{ system: 'icd-10', text: '' }],
    data: {},
    vitals: emptyVitals(),
    taken: '',
  };
}

/** A draft's last measurements are still being written; a returned request gets new ones. */
export function contentOf(of: CaseView): Content {
  const { request } = of;
  const own = of.state === 'draft' ? request.vitals?.at(-1) : undefined;
  return {
    ...blank(of.institution.id),
    kind: of.kind,
    urgency: of.urgency,
    name: request.patient.name ?? '',
    localID: request.patient.local_id ?? '',
    birth: request.patient.birth ?? '',
    age: request.patient.age === undefined ? '' : String(request.patient.age),
    sex: request.patient.sex ?? '',
    confidential: request.patient.confidential ?? false,
    question: request.question,
    specialty: request.specialty,
    complaint: request.complaint ?? '',
    history: request.history ?? '',
    examination: request.examination ?? '',
    allergies: request.allergies ?? '',
    medication: request.medication ?? '',
    diagnoses: request.diagnoses?.length
      ? request.diagnoses.map((d) => ({ ...d }))
      : [{ system: 'icd-10', text: '' }],
    data: { ...request.data },
    vitals: writeVitals(own),
    taken: own?.taken ?? '',
  };
}

/** The request as the server takes it. `before` is what it holds already. */
export function requestOf(content: Content, before: Request | undefined): Request {
  const age = /^\d{1,3}$/.test(content.age.trim()) ? Number(content.age) : undefined;
  const birth = birthOf(content.birth);
  const others: Vitals[] = (before?.vitals ?? []).filter((set) => set.taken !== content.taken);
  const own = readVitals(content.vitals, content.taken).vitals;
  return {
    patient: {
      name: content.name.trim(),
      local_id: content.localID.trim(),
      ...(birth ? { birth } : {}),
      ...(birth || age === undefined || age > 130 ? {} : { age }),
      ...(content.sex ? { sex: content.sex } : {}),
      confidential: content.confidential,
    },
    question: content.question,
    specialty: content.specialty,
    complaint: content.complaint,
    history: content.history,
    examination: content.examination,
    allergies: content.allergies,
    medication: content.medication,
    diagnoses: content.diagnoses.filter((diagnosis) => diagnosis.text.trim()),
    vitals: own ? [...others, own] : others,
    data: Object.fromEntries(Object.entries(content.data).filter(([, text]) => text.trim())),
    ...(before?.companion ? { companion: before.companion } : {}),
  };
}
