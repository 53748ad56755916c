// Specialties and institutions: small, the same for everybody, read once.
import { api } from './api';
import { maybe } from './i18n.svelte';
import type { InstitutionView, SpecialtyView } from './model';

let specialties = $state.raw<SpecialtyView[]>([]);
let institutions = $state.raw<InstitutionView[]>([]);
let asked: Promise<void> | undefined;
let askedPlaces: Promise<void> | undefined;

export const catalog = {
  get specialties() {
    return specialties;
  },
  get institutions() {
    return institutions;
  },
  /** The name of a specialty; its code never reaches the screen. */
  specialty(code: string | undefined): string {
    return maybe(`specialty.${code}`) ?? '';
  },
  /** The keys of what a request to this specialty must hold at least. */
  minimum(code: string): string[] {
    return specialties.find((s) => s.code === code)?.items ?? [];
  },
};

export function needSpecialties(): Promise<void> {
  asked ??= api
    .get('/api/specialties')
    .then((list) => void (specialties = list))
    .catch((cause) => {
      asked = undefined;
      throw cause;
    });
  return asked;
}

export function needInstitutions(): Promise<void> {
  askedPlaces ??= api
    .get('/api/institutions')
    .then((list) => void (institutions = list))
    .catch((cause) => {
      askedPlaces = undefined;
      throw cause;
    });
  return askedPlaces;
}
