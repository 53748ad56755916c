// A call between a real Firefox and Chromium. Firefox gathers no candidates on
// loopback, so media goes over an address of this machine's own.
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callRuns, takesDuty } from '../support/cases';
import { pictureMoves, soundArrives } from '../support/media';
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

test('Firefox and Chromium see and hear each other, after a reload and a new server too', async (context) => {
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

  await firefox.page.reload();
  await bothSeeAndHear();

  expect([...chromium.troubles, ...firefox.troubles]).toEqual([]);
  await server.restart('SIGKILL');
  await bothSeeAndHear();
  chromium.troubles.length = 0; // a socket that finds no server is an error to the console
});
