// Who is signed in, as far as this tab knows.
import { api, onProblem, Problem } from './core/api';
import type { Me, Role } from './core/model';
import { setLanguage } from './preferences.svelte';

type Standing = 'unknown' | 'out' | 'in' | 'unreachable';

let standing = $state.raw<Standing>('unknown');
let me = $state.raw<Me | null>(null);
let locked = $state.raw(false);

export const session = {
  get standing() {
    return standing;
  },
  /** The signed-in person; null when nobody is. */
  get me() {
    return me;
  },
  /** Idle too long on a shared computer: the page waits for the password. */
  get locked() {
    return locked;
  },
  get zone(): string | undefined {
    return me?.zone || undefined;
  },
  may(action: string): boolean {
    return me?.may.includes(action) ?? false;
  },
  has(role: Role): boolean {
    return me?.grants.some((grant) => grant.role === role) ?? false;
  },
};

/** Asks the server who this browser is. */
export async function restore(): Promise<void> {
  try {
    await enter(await api.get('/api/session'));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.code === 'locked') {
      locked = true;
      standing = 'in';
    } else if (problem.passing) standing = 'unreachable';
    else leave();
  }
}

export async function enter(person: Me): Promise<void> {
  me = person;
  locked = person.locked;
  standing = 'in';
  if (person.locale === 'en' || person.locale === 'zh-CN') await setLanguage(person.locale);
}

export function leave(): void {
  me = null;
  locked = false;
  standing = 'out';
}

export async function signOut(): Promise<void> {
  try {
    await api.delete('/api/session');
  } finally {
    leave();
  }
}

export async function unlock(password: string): Promise<void> {
  await enter(await api.post('/api/session/unlock', { body: { password } }));
}

onProblem((problem) => {
  if (standing !== 'in') return;
  if (problem.code === 'locked') locked = true;
  else if (problem.status === 401 && problem.code !== 'wrong-password') leave();
});
