// A real server's people, other than a demonstration's: a clinic and a hospital that
// made an agreement, a doctor in the one and two in the other.
import { execFileSync } from 'node:child_process';
import { inject } from 'vitest';

export const password = 'a long road to the clinic';
export const logins = { clinic: 'weili', hospital: 'junwang', colleague: 'fangliu' };
export const names = { clinic: '李薇', hospital: '王军', colleague: '刘芳' };

/** Makes it through the command line, as an operator would, and answers the hospital's department. */
export function makePartnership(data: string): string {
  const admin = (...what: string[]) =>
    execFileSync(inject('binary'), ['admin', ...what, '--data', data], {
      input: password + '\n',
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    }).trim();
  admin('tenant', '--name', '临江医联体');
  const phone = ['--telephone', '0571-5550100'];
  const clinic = admin('institution', 'add', '--name', '石桥镇卫生院', '--tier', 'township', ...phone);
  const hospital = admin('institution', 'add', '--name', '市第一医院', '--tier', 'city', ...phone);
  admin('agreement', 'add', '--inviting', clinic, '--invited', hospital);
  const cardiology = ['--specialty', 'cardiology'];
  const department = admin(
    // prettier-ignore
    ...['department', 'add', '--institution', hospital, '--name', '心血管内科', ...cardiology, ...phone],
  );
  const account = (login: string, name: string, role: string, ...more: string[]) =>
    admin('account', 'add', login, '--name', name, '--role', role, '--password-file', '-', ...more);
  account(logins.clinic, names.clinic, `requester@${clinic}`);
  for (const [who, licence] of [
    ['hospital', '110330000012005'],
    ['colleague', '110330000012006'],
  ] as const) {
    const expert = ['--licence', licence, '--department', department, ...cardiology];
    account(logins[who], names[who], `expert@${hospital}`, ...expert);
  }
  return department;
}
