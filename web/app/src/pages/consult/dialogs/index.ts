// The dialogs of a case; each loads when it is opened.
import type { Component } from 'svelte';
import type { Deed } from '../../../core/acts';
import type { CaseView } from '../../../core/model';

export interface DialogProps {
  of: CaseView;
  deed: Deed;
  ondone: (fresh: CaseView) => void;
  /** The case moved on while the dialog was open. */
  onstale: () => void;
  onclose: () => void;
}

type Load = () => Promise<{ default: Component<DialogProps> }>;
const reason: Load = () => import('./Reason.svelte');

export const dialogs: Record<
  Exclude<Deed, 'edit' | 'enter' | 'opinion' | 'accept' | 'conclude' | 'close' | 'escalate'>,
  Load
> = {
  return: () => import('./Return.svelte'),
  triage: () => import('./Triage.svelte'),
  invite: () => import('./Invite.svelte'),
  schedule: () => import('./Schedule.svelte'),
  decide: () => import('./Decide.svelte'),
  follow: () => import('./Follow.svelte'),
  consent: () => import('./Consent.svelte'),
  vitals: () => import('./Measure.svelte'),
  miss: () => import('./Miss.svelte'),
  decline: reason,
  write: reason,
  append: reason,
  reopen: reason,
  cancel: reason,
};
