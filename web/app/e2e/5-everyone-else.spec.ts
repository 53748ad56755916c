// Journey 5: who did what and when; each role sees what it may and nothing else.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  attendance,
  callRuns,
  caseOf,
  chestPain,
  does,
  opinionIsDue,
  startsEmergency,
} from './support/cases';
import { Person } from './support/person';
import { photograph } from './support/photograph';
import { Server } from './support/server';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());

const opinion = { findings: '下壁抬高', diagnosis: '急性下壁心肌梗死', treatment: '立即转院' };

test('the timeline, and what each role sees', async () => {
  const [li, wang] = await Promise.all([Person.arrives(server, 'li'), Person.arrives(server, 'wang')]);
  const id = await opinionIsDue(li, wang);
  await wang.asks('PUT', `/api/consults/${id}/opinion`, { content: opinion });

  // The timeline says who did what, when.
  await li.opens(`/consults/${id}`);
  const timeline = li.page
    .getByRole('region', { name: li.say('timeline.title') })
    .or(li.page.locator('section').filter({ hasText: li.say('timeline.title') }))
    .first();
  await li.sees('did.consult.start', timeline);
  await li.sees('did.consult.accept', timeline);
  await li.sees('did.consult.end', timeline);
  await li.sees({ words: /王军/ }, timeline);
  await photograph(li, 'timeline');
  await Promise.all([li.leave(), wang.leave()]);

  // Another clinic's doctor: the case does not exist, in any route.
  const chen = await Person.arrives(server, 'chen');
  const description = (await chen.asks('GET', '/openapi.json')).body as unknown as {
    paths: Record<string, object>;
  };
  const routes = Object.entries(description.paths).filter(([path]) => path.includes('/consults/{id}'));
  expect(routes.length).toBeGreaterThan(20);
  for (const [path, operations] of routes) {
    for (const method of Object.keys(operations)) {
      const address =
        path.replace('{id}', id).replace('{attachment}', id) + (queries[path.split('/').at(-1)!] ?? '');
      const file = method === 'post' && path.endsWith('/attachments');
      const answer = file
        ? await chen.uploads(address, 'ecg.png', 'image/png', [0x89, 0x50, 0x4e, 0x47])
        : await chen.asks(method.toUpperCase(), address, bodies[path.split('/').at(-1)!] ?? {});
      expect([method, path, answer.status]).toEqual([method, path, 404]);
      expect(JSON.stringify(answer.body)).not.toContain(chestPain.patient.name);
    }
  }
  await chen.opens(`/consults/${id}`);
  await chen.page.waitForLoadState('networkidle');
  expect(await chen.page.getByText(chestPain.patient.name).count()).toBe(0);
  await photograph(chen, 'hidden');
  await chen.leave();

  // The coordinator: the summary, no opinion, no door to the room.
  const tang = await Person.arrives(server, 'tang');
  const summary = await caseOf(tang, id);
  expect(summary.scope).toBe('summary');
  expect(JSON.stringify(summary)).not.toContain('急性下壁');
  expect((await tang.asks('POST', `/api/consults/${id}/join`, {})).status).toBeGreaterThanOrEqual(400);
  await tang.leave();

  // Administrators, quality, audit: none of the clinical content.
  for (const login of ['gao', 'fan', 'qian', 'luo', 'he', 'zhao']) {
    const person = await Person.arrives(server, login);
    expect([login, (await person.asks('GET', `/api/consults/${id}`)).status]).toEqual([login, 404]);
    await person.leave();
  }
  const luo = await Person.arrives(server, 'luo');
  const trail = await luo.asks('GET', `/api/audit?case=${id}`);
  expect(trail.status).toBe(200);
  expect(JSON.stringify(trail.body)).not.toContain(chestPain.question);
});

/** Bodies that the routes take, so that they are refused for whose case it is and not for their form. */
const now = new Date().toISOString();
const queries: Record<string, string> = {
  experts: `?from=${now}&to=${new Date(Date.now() + 86_400_000).toISOString()}`,
};
const bodies: Record<string, unknown> = {
  append: { text: '补充' },
  'call-in': { person: 'demo-liu' },
  cancel: { reason: '不需要' },
  chat: { key: 'k', text: '你好' },
  consent: { purposes: ['care'], version: '1', language: 'zh-CN', signer: '某', relationship: 'self' },
  decide: { choice: 'adopted', why: '同意' },
  decline: { reason: '忙' },
  follow: { text: '好', day: 7 },
  miss: { absent: 'inviting' },
  opinion: { content: opinion },
  prepare: { camera: true, microphone: true, speaker: true },
  reopen: { reason: '重来' },
  request: { request: { patient: {}, question: '', specialty: '' } },
  return: { missing: ['history'] },
  schedule: { start: now, minutes: 30 },
  triage: { urgency: 'routine', grounds: '平稳' },
  vitals: { vitals: { taken: now, heart_rate: 80 } },
  withdraw: { id: '1' },
  write: { reason: '够了' },
};

test('an interpreter has a page of the consult without the record, until it is over', async () => {
  const [li, wang, ayi] = await Promise.all([
    Person.arrives(server, 'li'),
    Person.arrives(server, 'wang'),
    Person.arrives(server, 'ayi', { language: 'en', phone: true }),
  ]);
  const id = await callRuns(li, wang);
  await does(li, 'consent', id, attendance);
  await does(li, 'call-in', id, { person: 'demo-ayi', seat: 'interpreter' });

  await ayi.opens(`/consults/${id}`);
  await ayi.sees('guest.record');
  await ayi.sees({ words: /Wang Jun/ });
  await ayi.sees('state.in-call');
  expect(await ayi.page.getByText(chestPain.patient.name).count()).toBe(0);
  expect(await ayi.page.getByText(chestPain.question).count()).toBe(0);
  await photograph(ayi, 'guest');
  await ayi.link('guest.enter').click();
  await ayi.page.waitForURL(`**/consults/${id}/room`);
  await ayi.opens(`/consults/${id}`);
  await ayi.sees('guest.record');

  await does(wang, 'end', id);
  await ayi.sees('guest.over'); // without reloading
  await photograph(ayi, 'guest-over');
  await Promise.all([li.leave(), wang.leave(), ayi.leave()]);
});

test('a doctor of elsewhere opens a case in an emergency, its owner is told, and it is reviewed', async () => {
  const [li, chen] = await Promise.all([Person.arrives(server, 'li'), Person.arrives(server, 'chen')]);
  const id = await startsEmergency(li);
  await chen.opens(`/consults/${id}`);
  await chen.sees('missing.title');
  await chen.button('glass.ask').click();
  await chen.field('glass.reason').fill('患者已转来我院，昏迷');
  await photograph(chen, 'glass');
  await chen.button('glass.go').click();
  await chen.sees({ words: chestPain.question });
  await li.opens(`/consults/${id}`);
  const flag = { words: li.say('glass.opened', { name: '陈刚' }) };
  await li.sees(flag);

  const gao = await Person.arrives(server, 'gao');
  await gao.opens('/people');
  await gao.button('glass.review').click();
  await gao.field('glass.found', gao.dialog()).fill('已核实，患者确在该院抢救');
  await gao.button('glass.reviewGo', gao.dialog()).click();
  await gao.sees('glass.reviewed');
  await li.page.reload();
  await li.sees({ words: chestPain.question });
  expect(await li.page.getByText(flag.words).count()).toBe(0);
  await does(li, 'cancel', id, { reason: '已转院' });
  await Promise.all([li.leave(), chen.leave(), gao.leave()]);
});

test('a case that ended is closed to a newcomer too', async () => {
  const li = await Person.arrives(server, 'li');
  const answer = await li.asks('POST', '/api/consults/start', {
    ...chestPain,
    department: 'demo-imaging',
    consent_deferred: '昏迷',
  });
  const id = (answer.body as { id: string }).id;
  await does(li, 'cancel', id, { reason: '已转院' });
  const late = await li.asks('POST', `/api/consults/${id}/accept`, {});
  expect([403, 404, 409]).toContain(late.status);
});
