// The dialogs of a case, by what they do.
import type { Component } from 'svelte';
import type { Deed } from '../../../core/acts';
import type { CaseView } from '../../../core/model';
import Consent from './Consent.svelte';
import Decide from './Decide.svelte';
import Follow from './Follow.svelte';
import Invite from './Invite.svelte';
import Measure from './Measure.svelte';
import Miss from './Miss.svelte';
import Reason from './Reason.svelte';
import Return from './Return.svelte';
import Schedule from './Schedule.svelte';
import Triage from './Triage.svelte';

export interface DialogProps {
  of: CaseView;
  deed: Deed;
  ondone: (fresh: CaseView) => void;
  /** The case moved on while the dialog was open. */
  onstale: () => void;
  onclose: () => void;
}

export const dialogs: Record<
  Exclude<Deed, 'edit' | 'enter' | 'opinion' | 'accept' | 'conclude' | 'close' | 'escalate'>,
  Component<DialogProps>
> = {
  return: Return,
  triage: Triage,
  invite: Invite,
  schedule: Schedule,
  decide: Decide,
  follow: Follow,
  consent: Consent,
  vitals: Measure,
  miss: Miss,
  decline: Reason,
  write: Reason,
  append: Reason,
  reopen: Reason,
  cancel: Reason,
};
