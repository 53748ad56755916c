// Short names for the API's types. They are generated from Go; this only names them.
import type { components } from '../gen/api';

type Schemas = components['schemas'];

export type Me = Schemas['Me'];
export type Line = Schemas['Line'];
export type CaseView = Schemas['CaseView'];
export type Request = Schemas['Request'];
export type Patient = Schemas['Patient'];
export type Vitals = Schemas['Vitals'];
export type Diagnosis = Schemas['Diagnosis'];
export type Booking = Schemas['Booking'];
export type Opinion = Schemas['Opinion'];
export type OpinionContent = Schemas['OpinionContent'];
export type AttachmentView = Schemas['AttachmentView'];
export type TimelineEntry = Schemas['TimelineEntry'];
export type RingView = Schemas['RingView'];
export type BoardView = Schemas['BoardView'];
export type ExpertView = Schemas['ExpertView'];
export type ScheduleView = Schemas['ScheduleView'];
export type DutyView = Schemas['DutyView'];
export type DutyDepartment = Schemas['DutyDepartment'];
export type PersonName = Schemas['PersonName'];
export type PersonView = Schemas['PersonView'];
export type AccountView = Schemas['AccountView'];
export type AccountDraft = Schemas['AccountDraft'];
export type InstitutionView = Schemas['InstitutionView'];
export type SpecialtyView = Schemas['SpecialtyView'];
export type AuditEntry = Schemas['AuditEntry'];
export type SampleView = Schemas['SampleView'];
export type Named = Schemas['Named'];
export type Phone = Schemas['Phone'];
export type Slot = Schemas['Slot'];

export type State = Line['state'];
export type Urgency = Line['urgency'];
export type Kind = Line['kind'];
export type Seat = CaseView['seat'];
export type Member = Schemas['Member'];
export type Role = Me['grants'][number]['role'];
