// Journey 2, when nobody comes: doctor and coordinator are told, the next in
// line rings, the telephone number is on the screen.
import { afterAll, beforeAll, test } from 'vitest';
import { does, startsEmergency } from './support/cases';
import { Person } from './support/person';
import { photograph } from './support/photograph';
import { Server } from './support/server';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());

const ring = (person: Person) => person.page.getByRole('dialog', { name: person.say('ring.title') });

test('nobody has the app open: the deputy rings at once and the doctor has the number', async () => {
  const [li, zhao] = await Promise.all([Person.arrives(server, 'li'), Person.arrives(server, 'zhao')]);
  await zhao.canRing();
  const id = await startsEmergency(li); // wang, first on duty, is not there
  await li.opens(`/consults/${id}/room`);
  await li.sees({ words: '0571-5550110' });
  await ring(zhao).waitFor();
  await photograph(li, 'ringing');
  await does(li, 'cancel', id, { reason: '已电话联系' });
  await ring(zhao).waitFor({ state: 'hidden' });
});

test('an expert who cannot says why, and the next in line rings', async () => {
  const [li, wang, zhao] = await Promise.all(
    ['li', 'wang', 'zhao'].map((login) => Person.arrives(server, login)),
  );
  await Promise.all([wang!.canRing(), zhao!.canRing()]);
  await startsEmergency(li!);
  await ring(wang!).waitFor();
  await wang!.button('ring.decline', ring(wang!)).click();
  await photograph(wang!, 'ring-decline');
  await wang!.page.getByLabel(wang!.say('ring.reason.procedure')).check();
  await wang!.button('ring.decline.confirm', ring(wang!)).click();
  await ring(zhao!).waitFor();
  await ring(wang!).waitFor({ state: 'hidden' });
});

test(
  'nobody accepts within a minute: doctor and coordinator are told, the deputy rings',
  { timeout: 150_000 },
  async () => {
    const [chen, liu, sun, tang] = await Promise.all([
      Person.arrives(server, 'chen'),
      Person.arrives(server, 'liu'),
      Person.arrives(server, 'sun', { language: 'en' }),
      Person.arrives(server, 'tang'),
    ]);
    await Promise.all([liu.canRing(), sun.canRing()]);
    const id = await startsEmergency(chen, 'demo-neurology');
    await chen.opens(`/consults/${id}/room`);
    await ring(liu).waitFor();
    await photograph(liu, 'ring');
    const wave = 60_000; // ms
    await ring(sun).waitFor({ timeout: wave + 20_000 });
    await photograph(sun, 'ring-en');
    await chen.sees({ words: new RegExp(chen.say('room.ringing.wave', { n: 2 })) });
    await chen.sees({ words: '0571-5550120' });
    await tang.sees({ words: new RegExp(tang.say('board.wave', { n: 2 })) });
  },
);
