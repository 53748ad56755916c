// A call between a real Firefox and Chromium. Firefox gathers no candidates on
// loopback, so media goes over an address of this machine's own.
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callRuns, takesDuty } from '../support/cases';
import { askForSmallLayer, layersSent, pictureMoves, sendsLayers, soundArrives } from '../support/media';
import { logins, makePartnership, names, password } from '../support/partnership';
import { Person } from '../support/person';
import { Server } from '../support/server';
import { installed, patience, Visitor } from './visitor';

const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

let server: Server | undefined;
let department = '';

beforeAll(async () => {
  if (!installed || !address) return;
  server = await Server.start((data) => {
    department = makePartnership(data);
    return ['serve', '--data', data, '--media-listen', `${address}:0`];
  });
});
afterAll(() => server?.stop());

test('Firefox and Chromium see and hear each other: in layers, after a reload, a new way and a new server too', async (context) => {
  if (!installed) return context.skip('Firefox is not installed (Debian: firefox-esr)');
  if (!server) return context.skip('this machine has no address but loopback');
  const [chromium, firefox] = await Promise.all([
    Person.signIn(server, logins.clinic, { password }),
    Visitor.signIn(server, logins.hospital, password),
  ]);
  context.onTestFinished(() => firefox.leave());
  await takesDuty(firefox, department);
  const room = `/consults/${await callRuns(chromium, firefox, department)}/room`;
  const bothSeeAndHear = () =>
    Promise.all([
      pictureMoves(chromium.page, chromium.say('room.picture-of', { name: names.hospital }), patience),
      firefox.pictureMoves(chromium.say('room.picture-of', { name: names.clinic })),
      soundArrives(chromium.page, patience),
      soundArrives(firefox.page, patience),
    ]);

  await Promise.all([chromium.opens(room), firefox.opens(room)]);
  await bothSeeAndHear();
  expect(await layersSent(firefox.page)).toMatchObject({ s: { frames: 0 } });

  // Both layers go out once somebody wants the smaller one and the uplink has proved to bear it.
  await firefox.page.evaluateOnNewDocument(askForSmallLayer);
  await firefox.page.reload();
  await bothSeeAndHear();
  await sendsLayers(firefox.page, ['l', 's']);
  const { s: small, l: large } = await layersSent(firefox.page);
  expect(small!.lines).toBeLessThan(large!.lines);

  const way = await firefox.page.evaluate(wayOut);
  await firefox.page.evaluate(seek);
  await bothSeeAndHear();
  expect(await firefox.page.evaluate(wayOut)).not.toBe(way);

  expect([...chromium.troubles, ...firefox.troubles]).toEqual([]);
  await server.restart('SIGKILL');
  await bothSeeAndHear();
  chromium.troubles.length = 0; // a socket that finds no server is an error to the console
});

// What runs in a page

type Holding = typeof globalThis & { held: RTCPeerConnection[] };

/** As the app does when nothing arrives: the way to the server is looked for anew, with the answer that is there. */
async function seek(): Promise<void> {
  const connection = (globalThis as Holding).held.at(-1)!;
  const answer = connection.remoteDescription!;
  connection.restartIce();
  await connection.setLocalDescription();
  await connection.setRemoteDescription(answer);
}

/** The pair of addresses that media take. */
async function wayOut(): Promise<string | undefined> {
  let way: string | undefined;
  (await (globalThis as Holding).held.at(-1)!.getStats()).forEach(
    (stat: RTCIceCandidatePairStats & { selected?: boolean }) => {
      if (stat.type === 'candidate-pair' && stat.selected) way = stat.id;
    },
  );
  return way;
}
