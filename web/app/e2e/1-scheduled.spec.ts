// Journey 1: a request is filed, triaged, booked, held: the coordinator and the
// expert see each step without reloading.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { caseOf } from './support/cases';
import { seeAndHear } from './support/media';
import { Person } from './support/person';
import { photograph } from './support/photograph';
import { Server } from './support/server';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());

const question = '活动后胸闷加重一周，是否需要冠脉造影？';

/** The time of day of an instant in a zone, as the app writes it. */
const timeIn = (zone: string, at: string) =>
  new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: zone }).format(
    Date.parse(at),
  );

test('the coordinator schedules, doctor and expert meet', async () => {
  const [li, tang, wang] = await Promise.all([
    Person.signIn(server, 'li'),
    Person.signIn(server, 'tang'),
    Person.signIn(server, 'wang', { zone: 'Asia/Urumqi' }),
  ]);
  await wang.asks('PUT', '/api/session/preferences', { zone: 'Asia/Urumqi' });
  await wang.page.reload();

  // The doctor files a request.
  await li.opens('/consults/new');
  await li.field('request.name').fill('孙秀英');
  await li.field('request.birth').fill('1958-03-12');
  await li.page.getByLabel(li.say('sex.female'), { exact: true }).check();
  await li.field('request.question').fill(question);
  await li.page.getByLabel(li.say('urgency.urgent'), { exact: true }).check();
  await li.field('request.specialty').selectOption('cardiology');
  await li.field('story.complaint').fill('胸闷一周');
  await li.field('story.history').fill('高血压十年，吸烟史无。');
  await li.field('story.examination').fill('双肺呼吸音清，心律齐。');
  await li.field('story.diagnosis').fill('不稳定型心绞痛');
  await li.field('story.allergies').fill('无');
  await li.field('story.medication').fill('氨氯地平 5 mg 每日一次');
  await li.field('vitals.systolic').fill('152');
  await li.field('vitals.diastolic').fill('94');
  await li.field('vitals.heart_rate').fill('88');
  await li.field('vitals.respiratory_rate').fill('18');
  await li.field('vitals.temperature').fill('36.6');
  await li.field('vitals.spo2').fill('96');
  for (const key of ['data.onset', 'data.ecg'] as const) await li.field(key).fill('一周，V4–V6 ST 段压低');
  await li.page.getByLabel(li.say('consent.care')).check();
  await li.page.getByLabel(li.say('consent.sharing')).check();
  await li.field('consent.signer').fill('孙秀英');
  await li.button('request.recordConsent').click();
  await li.sees('save.saved');
  await photograph(li, 'request');

  // The coordinator sees it arrive without reloading, and triages it.
  await li.button('request.send').click();
  await li.page.waitForURL(/\/consults\/[0-9a-f-]{36}$/);
  const id = li.page.url().split('/').at(-1)!;
  const row = tang.page.getByRole('link').filter({ hasText: '孙秀英' }).first();
  await row.click();
  await tang.page.waitForURL(`**/consults/${id}`);
  await tang.button('deed.triage').click();
  await tang.field('triage.grounds').fill('症状加重，血压高，心电图有改变');
  await tang.button('triage.go', tang.dialog()).click();

  // Picks an expert who is free.
  await tang.button('deed.invite').click();
  await tang.dialog().getByLabel(/王军/).check();
  await photograph(tang, 'invite');
  await tang.button('invite.go', tang.dialog()).click();
  await wang.page.getByRole('link').filter({ hasText: question }).first().click();
  await wang.button('deed.accept').click();

  // Books a time; both see it at once, in their own time zone.
  await tang.button('deed.schedule').click();
  await photograph(tang, 'schedule');
  await tang.dialog().locator('button[type=submit]').click();
  const start = await booked(tang, id);
  await li.sees({ words: new RegExp(timeIn('Asia/Shanghai', start)) });
  await wang.sees({ words: new RegExp(timeIn('Asia/Urumqi', start)) });
  expect(timeIn('Asia/Urumqi', start)).not.toBe(timeIn('Asia/Shanghai', start));

  // The doctor tries the devices and waits; the expert sees who waits and admits.
  await li.button('deed.enter').or(li.link('deed.enter')).first().click();
  await li.page.getByLabel(li.say('room.preview')).waitFor();
  await li.page.getByRole('meter', { name: li.say('room.level') }).waitFor();
  await li.button('room.devices.choose').click();
  await li.button('room.speaker.test').click();
  await li.button('room.check').click();
  await li.sees('room.check.rtt');
  // On a machine that is busy with pictures even loopback may look thin.
  const expected = (['good', 'small', 'sound'] as const).map((what) => li.say(`room.check.expect.${what}`));
  await li.sees({ words: new RegExp(expected.join('|')) });
  await photograph(li, 'lobby');
  await li.button('room.knock').click();
  await li.sees('room.waiting');
  await photograph(li, 'waiting');
  await wang.opens(`/consults/${id}/room`);
  const waiting = wang.page.getByRole('listitem').filter({ hasText: '李薇' });
  await wang.sees({ words: new RegExp(wang.say('room.phase.waiting')) }, waiting);
  await waiting.getByRole('timer').waitFor();
  await photograph(wang, 'lobby-expert');
  await wang.button('room.enter-admit').click();
  await seeAndHear(li, '李薇', wang, '王军');
});

async function booked(person: Person, id: string): Promise<string> {
  await person.sees('next.scheduled.other');
  return (await caseOf(person, id)).booking!.start;
}
