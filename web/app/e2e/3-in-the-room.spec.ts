// Journey 3: what people do in a call.
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attendance, callRuns, caseOf, does } from './support/cases';
import { asks, Guests } from './support/guests';
import {
  askForSmallLayer,
  haveOnly,
  layersSent,
  pictureMoves,
  seeAndHear,
  sendsLayers,
  soundArrives,
} from './support/media';
import { Person, type PersonOptions } from './support/person';
import { photograph } from './support/photograph';
import { Server } from './support/server';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());

const arrives = (login: string, options?: PersonOptions) => Person.arrives(server, login, options);
const bar = (person: Person) => person.page.getByRole('toolbar', { name: person.say('room.bar') });

/** li and wang in a running call. */
async function talking(
  options: PersonOptions = {},
  theOther: PersonOptions = {},
): Promise<{ li: Person; wang: Person; id: string }> {
  const [li, wang] = await Promise.all([arrives('li', options), arrives('wang', theOther)]);
  const id = await callRuns(li, wang);
  await Promise.all([li.opens(`/consults/${id}/room`), wang.opens(`/consults/${id}/room`)]);
  await Promise.all([bar(li).waitFor(), bar(wang).waitFor()]);
  return { li, wang, id };
}

/** Chooses a device that is not in use, and finds it in use. */
async function takesAnother(
  person: Person,
  kind: 'room.camera' | 'room.microphone',
  within: Locator,
): Promise<void> {
  const devices = person.field(kind, within);
  await devices.waitFor();
  const before = await devices.inputValue();
  const offered = await devices
    .locator('option')
    .evaluateAll((all) => all.map((one) => (one as HTMLOptionElement).value));
  const other = offered.findLast((id) => id !== before)!;
  await devices.selectOption(other);
  await person.page.waitForFunction(
    (id) =>
      (globalThis as unknown as { held: RTCPeerConnection[] }).held
        .at(-1)!
        .getSenders()
        .some(({ track }) => track?.getSettings().deviceId === id),
    other,
  );
}

test.each(['video/VP9', 'video/AV1'])('%s passes where both ends have it', async (mimeType) => {
  const script = { content: `(${haveOnly.toString()})('${mimeType}')` };
  const { li, wang } = await talking({ script }, { script });
  await seeAndHear(li, '李薇', wang, '王军');
});

test('microphone, camera, chat, roster, the case beside the picture, sharing a screen', async () => {
  const { li, wang, id } = await talking();
  await seeAndHear(li, '李薇', wang, '王军');
  await photograph(wang, 'call');

  // Both sides see the same case.
  const panel = wang.page.getByRole('complementary', { name: wang.say('room.case') });
  await wang.sees({ words: '98/62' }, panel);
  await li.sees({ words: '98/62' }, li.page.getByRole('complementary', { name: li.say('room.case') }));

  // Camera and microphone off and on; the others see it.
  await li.button('room.camera.turn-off', bar(li)).click();
  await li.button('room.microphone.turn-off', bar(li)).click();
  await wang.page.getByRole('button', { name: wang.say('room.people') }).click();
  const people = wang.page.getByRole('complementary', { name: wang.say('room.people') });
  const doctor = people.getByRole('listitem').filter({ hasText: '李薇' });
  await wang.sees('room.camera.is-off', doctor);
  await wang.sees('room.microphone.is-off', doctor);
  await wang.sees({ words: '石桥镇卫生院' }, doctor);
  await wang.sees('room.link.good', doctor);
  await li.button('room.camera.turn-on', bar(li)).click();
  await li.button('room.microphone.turn-on', bar(li)).click();
  await wang.sees('room.camera.is-on', doctor);
  await Promise.all([
    pictureMoves(wang.page, wang.say('room.picture-of', { name: '李薇' })),
    soundArrives(wang.page),
  ]);
  await photograph(wang, 'call-people');

  // Another camera and another microphone during the call.
  await wang.button('room.devices', people).click();
  for (const kind of ['room.camera', 'room.microphone'] as const) await takesAnother(wang, kind, people);
  await seeAndHear(li, '李薇', wang, '王军');

  // What is said in writing is kept with the case.
  await li.page.getByRole('button', { name: li.say('room.chat') }).click();
  await li.field('room.chat.write').fill('心电图已上传');
  await li.page.keyboard.press('Enter');
  await wang.page.getByRole('button', { name: new RegExp(wang.say('room.chat')) }).click();
  await wang.sees({ words: '心电图已上传' });
  const kept = await li.asks('GET', `/api/consults/${id}/chat`);
  expect(JSON.stringify(kept.body)).toContain('心电图已上传');

  // A shared screen is shown large, and goes away again.
  await li.button('room.share', bar(li)).click();
  await pictureMoves(wang.page, wang.say('room.screen-of', { name: '李薇' }));
  await photograph(wang, 'call-screen');
  await li.button('room.share.stop', bar(li)).click();
  await pictureMoves(wang.page, wang.say('room.picture-of', { name: '李薇' }));
});

const uplinkGrows = { timeout: 180_000 }; // two layers are sent when the uplink is known to bear them

test(
  'a camera sends a smaller layer where it is asked for, and the picture goes on',
  uplinkGrows,
  async () => {
    const [li, wang] = await Promise.all([arrives('li', { script: askForSmallLayer }), arrives('wang')]);
    const id = await callRuns(li, wang);
    await Promise.all([li.opens(`/consults/${id}/room`), wang.opens(`/consults/${id}/room`)]);
    await seeAndHear(li, '李薇', wang, '王军');
    await sendsLayers(li.page, ['l', 's']);
    await pictureMoves(wang.page, wang.say('room.picture-of', { name: '李薇' }));
    // Between two people nobody needs one, not even while the voice is coded anew.
    await sendsLayers(wang.page, ['l']);
    expect(await layersSent(wang.page)).toMatchObject({ s: { frames: 0 } });
  },
);

test('reloading and reopening lead back into the call; a second tab takes over', async () => {
  const { li, wang, id } = await talking();
  await seeAndHear(li, '李薇', wang, '王军');

  await li.page.reload();
  await seeAndHear(li, '李薇', wang, '王军');

  const first = li.page;
  li.page = await li.secondTab(`/consults/${id}/room`);
  await first.getByText(li.say('room.over.elsewhere'), { exact: true }).waitFor();
  await seeAndHear(li, '李薇', wang, '王军');
  await first.close();

  await li.page.close();
  li.page = await li.secondTab(`/consults/${id}/room`);
  await seeAndHear(li, '李薇', wang, '王军');
});

test('without camera and microphone one listens, watches and writes', async () => {
  const { li, wang } = await talking({ devices: false });
  await li.sees({ words: new RegExp(li.say('room.camera.missing').slice(0, 8)) });
  await Promise.all([
    pictureMoves(li.page, li.say('room.picture-of', { name: '王军' })),
    soundArrives(li.page),
  ]);
  await li.button('room.chat', bar(li)).click();
  await li.field('room.chat.write').fill('我这里没有摄像头');
  await li.page.keyboard.press('Enter');
  await wang.sees({ words: '李薇' });
  await wang.page.getByRole('button', { name: new RegExp(wang.say('room.chat')) }).click();
  await wang.sees({ words: '我这里没有摄像头' });
});

test('another expert is called in, then one leaves and comes back, then it ends for all', async () => {
  const { li, wang, id } = await talking();
  const liu = await arrives('liu', { language: 'en' });
  await wang.button('room.people', bar(wang)).click();
  await wang.button('room.invite').click();
  const invitation = wang.page.getByRole('dialog', { name: wang.say('room.invite') });
  await invitation.getByRole('listitem').filter({ hasText: '刘芳' }).getByRole('button').click();
  await wang.sees('room.invite.asked', invitation);
  await wang.page.keyboard.press('Escape');

  const ring = liu.page.getByRole('dialog', { name: liu.say('ring.title') });
  await liu.sees({ words: new RegExp(liu.say('ring.invitation')) }, ring);
  await liu.button('ring.accept', ring).click();
  await Promise.all([
    pictureMoves(liu.page, liu.say('room.picture-of', { name: 'Li Wei' })),
    pictureMoves(li.page, li.say('room.picture-of', { name: '刘芳' })),
    soundArrives(liu.page),
  ]);
  await photograph(liu, 'call-three');

  await liu.button('room.leave', bar(liu)).click();
  await liu.button('room.leave.me', liu.dialog()).click();
  await liu.button('room.over.again').click();
  await pictureMoves(liu.page, liu.say('room.picture-of', { name: 'Li Wei' }));

  await wang.button('room.leave', bar(wang)).click();
  await photograph(wang, 'leaving');
  await wang.button('room.leave.all', wang.dialog()).click();
  await Promise.all([li.sees({ words: /王军结束了会诊通话/ }), liu.sees({ words: /ended the call/ })]);
  await wang.button('room.over.write').or(wang.link('room.over.write')).waitFor();
  await photograph(li, 'over');
  expect((await caseOf(li, id)).state).toBe('opinion-due');
});

const manyPictures = { timeout: 300_000 }; // fourteen to decode, in software

test('eight people, six of them elsewhere, hear and see each other', manyPictures, async () => {
  const { li, wang, id } = await talking();
  for (const { page } of [li, wang]) await page.setViewportSize({ width: 960, height: 640 });
  const guests = ['zhao', 'liu', 'sun', 'xu', 'ma'];
  for (const login of guests) {
    await does(wang, 'call-in', id, { person: `demo-${login}`, seat: 'expert' });
    await asks(server, login, `/api/consults/${id}/accept`);
  }
  await does(li, 'consent', id, attendance);
  await does(wang, 'call-in', id, { person: 'demo-ayi', seat: 'interpreter' });
  const elsewhere = new Guests(server, id, [...guests, 'ayi']);
  try {
    // An interpreter waits to be let in; each comes when the one before sees everybody.
    await wang.button('room.admit').first().click({ timeout: 60_000 });
    await elsewhere.perceive();
    const names = ['赵燕', '刘芳', '孙浩', '徐宁', '马莉', '古丽'];
    // A machine that is short of time has pictures paused for up to a minute.
    const long = 170_000;
    const of = (person: Person, name: string) => person.say('room.picture-of', { name });
    await Promise.all([
      ...[...names, '王军'].map((name) => pictureMoves(li.page, of(li, name), long)),
      ...[...names, '李薇'].map((name) => pictureMoves(wang.page, of(wang, name), long)),
      soundArrives(li.page),
      soundArrives(wang.page),
    ]);
    await photograph(wang, 'call-eight');
  } finally {
    await elsewhere.leave();
  }
});

test('an observer watches without microphone or camera', async () => {
  const { li, wang, id } = await talking();
  await does(li, 'consent', id, attendance);
  const called = await wang.asks('POST', `/api/consults/${id}/call-in`, {
    person: 'demo-ayi',
    seat: 'observer',
  });
  expect(called.status).toBeLessThan(300);
  const ayi = await arrives('ayi');
  await ayi.opens(`/consults/${id}/room?enter`);
  await ayi.sees('room.waiting');
  await wang.page
    .getByRole('button', { name: wang.say('room.admit') })
    .first()
    .click();
  await bar(ayi).waitFor();
  expect(
    await bar(ayi)
      .getByRole('button', { name: ayi.say('room.microphone.turn-on') })
      .count(),
  ).toBe(0);
  await Promise.all([
    pictureMoves(ayi.page, ayi.say('room.picture-of', { name: '李薇' })),
    soundArrives(ayi.page),
  ]);
  const story = await ayi.asks('GET', `/api/consults/${id}`);
  expect(JSON.stringify(story.body)).not.toContain('98');
});
