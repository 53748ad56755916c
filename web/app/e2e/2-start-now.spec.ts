// Journey 2: an emergency. The on-duty experts ring together, the first to
// accept takes it, the others stop ringing, media flows; nobody accepts: the
// doctor and the coordinator are told and the next in line rings.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seeAndHear } from './support/media';
import { Person } from './support/person';
import { Server } from './support/server';

let server: Server;

beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());

const arrives = (login: string) => Person.signIn(server, login);

async function startsNow(doctor: Person, department: RegExp): Promise<void> {
  await doctor.opens('/consults/start');
  await doctor.page.getByLabel(department).check();
  await doctor.field('start.age').fill('62');
  await doctor.field('start.name').fill('刘建国');
  await doctor.page.getByLabel(doctor.say('sex.male'), { exact: true }).check();
  await doctor.field('start.question').fill('胸痛两小时伴出汗，是否溶栓？');
  await doctor.page.getByLabel(doctor.say('start.deferred')).check();
  await doctor.field('start.why').fill('患者昏迷，家属在路上');
  await doctor.button('start.go').click();
  await doctor.page.waitForURL(/\/room/);
}

test('the first to accept gets it, the others stop ringing, media flows both ways', async () => {
  const [li, wang, zhao] = await Promise.all([arrives('li'), arrives('wang'), arrives('zhao')]);
  const armed = await zhao.asks('PUT', '/api/duty/demo-cardiology', { on: true, rank: 1 });
  expect(armed.status).toBeLessThan(300);
  await zhao.opens('/account'); // a ring finds people on any page
  await Promise.all([wang.canRing(), zhao.canRing()]);
  await startsNow(li, /心血管内科/);

  const ring = (person: Person) => person.page.getByRole('dialog', { name: person.say('ring.title') });
  await Promise.all([ring(wang).waitFor(), ring(zhao).waitFor()]);
  await wang.sees({ words: '石桥镇卫生院' }, ring(wang));
  await wang.sees({ words: /男.*62 岁/ }, ring(wang));
  await wang.sees({ words: '胸痛两小时伴出汗，是否溶栓？' }, ring(wang));
  await wang.sees('urgency.emergency', ring(wang));

  await wang.button('ring.accept', ring(wang)).click();
  await ring(zhao).waitFor({ state: 'hidden' });
  await seeAndHear(li, '李薇', wang, '王军');
});
