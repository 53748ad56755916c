import type zh from '../zh/consent';

const en: Record<keyof typeof zh, string> = {
  'consent.purposes': 'What is consented to',
  'consent.readOut': 'Explain each to the patient or family, then tick what they agree to.',
  'consent.careText':
    'A specialist of another hospital takes part by video or in writing; technology has its limits.',
  'consent.sharingText':
    'Record, photos and results go to the experts; they can see them until 30 days after the case is closed.',
  'consent.recordingText': 'A recording is kept with the record only, for at least 3 years.',
  'consent.attendanceText':
    'An interpreter or a teaching observer is present and leaves when the consult ends.',
  'consent.signer': 'Who consents',
  'consent.relationship': 'Relation to the patient',
  'need.purpose': 'Choose at least one',
  'need.signer': 'Enter the name',
  'need.vitals': 'Fill in at least one',
};
export default en;
