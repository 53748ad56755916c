// Names of people and places in the reader's script.
import { locale, maybe, t } from './i18n.svelte';

interface HasName {
  name?: string;
  name_latin?: string;
}

/** The name as the reader's language writes it, when there is one. */
export function called(of: HasName | undefined | null): string {
  if (!of) return '';
  return (locale.current === 'en' && of.name_latin) || of.name || '';
}

interface WorksSomewhere {
  institution_name?: string;
  institution_name_latin?: string;
}

/** The name of the institution that a person, or a role of theirs, belongs to. */
export function workplace(of: WorksSomewhere | undefined | null): string {
  return called(of && { name: of.institution_name, name_latin: of.institution_name_latin });
}

/** The same for the institution that somebody in a call sits there for. */
export function seatedFor(of: { institution: string; institution_latin?: string }): string {
  return called({ name: of.institution, name_latin: of.institution_latin });
}

/** "女 · 67 岁" / "F · 67". Empty where nothing is known. */
export function sexAndAge(sex: string | undefined, age: number | undefined | null): string {
  const parts = [];
  if (sex && sex !== 'unknown') parts.push(maybe(`sex.${sex}`) ?? '');
  if (age !== undefined && age !== null) parts.push(t('age.years', { n: age }));
  return parts.filter(Boolean).join(' · ');
}

/** Whole years at an instant, from a whole or partial birth date. */
export function ageAt(birth: string | undefined, now: number): number | undefined {
  const found = /^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?$/.exec(birth ?? '');
  if (!found) return undefined;
  const today = new Date(now);
  const month = Number(found[2] ?? 1);
  const day = Number(found[3] ?? 1);
  const before = today.getMonth() + 1 < month || (today.getMonth() + 1 === month && today.getDate() < day);
  const years = today.getFullYear() - Number(found[1]) - (before ? 1 : 0);
  return years >= 0 && years <= 130 ? years : undefined;
}
