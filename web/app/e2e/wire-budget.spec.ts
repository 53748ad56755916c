// What a cold browser downloads on its way into a call: the case page, the lobby
// and the call, script and style together, as the bytes come over the wire.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { does, startsEmergency } from './support/cases';
import { Person } from './support/person';
import { Server } from './support/server';
import { reading } from './support/text';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());

// The goal is 45 KB, as they come over the wire and in gzip. This holds what there is
// from growing:
// the encoded bodies, without headers, of everything that the browser fetches by
// itself on a wide screen from a cold navigation to the case, through the lobby,
// until the call stands. Whoever goes straight in has fetched
// nothing else by then; what watches a call, which comes when it stands, and what
// follows when a page or a call has been at rest for some seconds are not in it. As the browser asks for it (brotli), and what the
// same files are in gzip. May only be lowered.
const ceiling = { sent: 45.0 * 1024, gzip: 51.5 * 1024 }; // bytes
const watching = /\/(call-)?watch\.js$/;
const offerMost = 8 * 1024; // bytes

/** The page as the server sends it names these parts, so that none waits for another to run. */
async function names(person: Person, page: string, parts: { url: string }[]): Promise<void> {
  const html = await (await person.context.request.get(server.url + page)).text();
  for (const { url } of parts) expect(html).toContain(`"${new URL(url).pathname}"`);
}

test('case page, lobby and call fit the budget, and so does the first offer', async () => {
  const [li, wang] = await Promise.all([Person.arrives(server, 'li'), Person.arrives(server, 'wang')]);
  const id = await startsEmergency(li);

  const offers: string[] = [];
  li.page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      const text = payload.toString();
      if (text.startsWith('{"type":"offer"')) offers.push(text);
    });
  });
  const wire = await li.context.newCDPSession(li.page);
  await wire.send('Network.enable');
  await wire.send('Network.clearBrowserCache');
  await wire.send('Network.setCacheDisabled', { cacheDisabled: true });
  const files = new Map<string, { url: string; bytes: number }>();
  wire.on('Network.requestWillBeSent', ({ requestId, request, type }) => {
    if (type === 'Script' || type === 'Stylesheet') files.set(requestId, { url: request.url, bytes: 0 });
  });
  wire.on('Network.dataReceived', ({ requestId, encodedDataLength }) => {
    const file = files.get(requestId);
    if (file) file.bytes += encodedDataLength;
  });
  const sum = () => [...files.values()].reduce((all, file) => all + file.bytes, 0);

  // What waits for a page at rest (ui/near.ts) stays away, however slow the machine is.
  await li.page.addInitScript(() => {
    IntersectionObserver.prototype.observe = () => undefined;
  });
  await li.opens(`/consults/${id}`);
  await li.sees('next.title');
  const atCase = sum();
  await names(li, `/consults/${id}`, [...files.values()]);
  const known = files.size;
  await wire.send('Network.setCacheDisabled', { cacheDisabled: false });
  await li.button('deed.enter').or(li.link('deed.enter')).first().click();
  await li.page.getByLabel(li.say('room.preview')).waitFor();
  const atLobby = sum();
  await names(li, `/consults/${id}/room`, [...files.values()].slice(known));
  await does(wang, 'accept', id);
  await li.page.getByRole('toolbar', { name: li.say('room.bar') }).waitFor();
  // What is asked for from here on came after the call.
  const list = [...files.values()].filter((file) => !watching.test(file.url));
  await li.page.waitForLoadState('networkidle');

  expect(list.map((file) => file.url)).toEqual([...new Set(list.map((file) => file.url))]); // each once

  list.sort((a, b) => b.bytes - a.bytes);
  const sent = list.reduce((all, file) => all + file.bytes, 0);
  let gzip = 0;
  for (const { url } of list) {
    const plain = await (await li.context.request.get(url)).body();
    gzip += gzipSync(plain, { level: 9 }).length;
  }
  const told = list
    .map((file) => `${String(file.bytes).padStart(7)} ${new URL(file.url).pathname}`)
    .join('\n');
  console.info(
    `${sent} bytes of script and style (case ${atCase}, lobby ${atLobby}), ${gzip} in gzip\n${told}`,
  );
  expect(list.every((file) => file.bytes > 0)).toBe(true);
  expect(sent, told).toBeLessThanOrEqual(ceiling.sent);
  expect(gzip, told).toBeLessThanOrEqual(ceiling.gzip);
  expect(offers.length).toBeGreaterThan(0);
  expect(offers[0]!.length).toBeLessThan(offerMost);
});

// On a thin link the app takes seconds to come. Joining does not wait for it, nor does
// the call for what watches it.
test('the room is asked for once, before the app is there; what watches the call comes later', async () => {
  const [li, wang] = await Promise.all([Person.arrives(server, 'li'), Person.arrives(server, 'wang')]);
  const id = await startsEmergency(li);
  await does(wang, 'accept', id);
  const page = await li.context.newPage();
  let joined = 0;
  page.on('request', (request) => void (/\/join$/.test(request.url()) && joined++));
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(new URL(socket.url()).pathname));
  let release = (): void => undefined;
  const held = new Promise<void>((done) => (release = done));
  await page.route(/\/app\.js$/, (route) => held.then(() => route.continue()));
  await page.route(watching, (route) => route.abort());

  const answered = page.waitForResponse((response) => /\/join$/.test(response.url()));
  const came = page.goto(`${server.url}/consults/${id}/room`);
  expect((await answered).ok()).toBe(true);
  expect(sockets).toEqual([`/ws/rooms/${id}`]);
  release();
  await came;
  await page.getByRole('toolbar', { name: li.say('room.bar') }).waitFor();
  await page.unroute(watching);
  await page.getByTitle(reading('zh-CN', 'room.link.hint')).waitFor(); // is asked for until it is there
  expect(joined).toBe(1);
  expect(sockets.filter((path) => path.startsWith('/ws/rooms/'))).toHaveLength(1);
});
