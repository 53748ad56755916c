// Three people in a call, one of them behind a downlink that carries two small
// pictures beside the sound, but no large one. Loose on purpose, as the short selection.
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callRuns, does, takesDuty } from '../support/cases';
import { soundArrives } from '../support/media';
import { logins, names } from '../support/partnership';
import { Person } from '../support/person';
import { Site } from './site';

const thin = { up: 2000, down: 400, rtt: 150, queue: 500 };
const within = 90_000; // ms
const look = 200; // ms between two looks
const moves = 40; // frames: while a size changes, everybody has the former one for less

let site: Site | undefined;

beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site?.close());

test(
  'behind a thin downlink pictures come small, and cost the others nothing',
  { timeout: 200_000 },
  async ({ skip, onTestFinished }) => {
    if (!site) return skip('network namespaces are not permitted here');
    const arrives = async (who: keyof typeof logins, side: 'clinic' | 'hospital') => {
      const person = await Person.signIn(site!, logins[who], site!.computer(side));
      onTestFinished(() => person.leave());
      return person;
    };
    const [clinic, hospital, colleague] = [
      await arrives('clinic', 'clinic'),
      await arrives('hospital', 'hospital'),
      await arrives('colleague', 'hospital'),
    ];
    await takesDuty(hospital, site.department);
    const consult = await callRuns(clinic, hospital, site.department);
    const { person } = (await colleague.asks('GET', '/api/session')).body as { person: { id: string } };
    await does(hospital, 'call-in', consult, { person: person.id, seat: 'expert' });
    await does(colleague, 'accept', consult);
    await site.link.becomes(thin);
    const room = `/consults/${consult}/room`;
    await Promise.all([hospital.opens(room), colleague.opens(room)]);
    // Their uplinks have proved to bear two layers when the clinic comes in.
    await expect
      .poll(async () => (await picture(colleague, names.hospital)).lines, { timeout: within })
      .toBeGreaterThanOrEqual(360);
    await clinic.opens(room);
    await soundArrives(clinic.page, within);
    const pairs = [
      [names.hospital, colleague],
      [names.colleague, hospital],
    ] as const;
    const seen = () =>
      Promise.all(
        pairs.map(async ([name, by]) => ({
          small: await picture(clinic, name),
          large: await picture(by, name),
        })),
      );
    // One of them at least is larger for the colleague, all the while that both move at the clinic.
    for (let [now, began, end] = [await seen(), await seen(), Date.now() + within]; ; now = await seen()) {
      const smaller = now.some(({ small, large }) => small.lines > 0 && small.lines < large.lines);
      const moved = now.map(({ small }, i) => small.frames - began[i]!.small.frames);
      if (smaller && moved.every((count) => count >= moves)) return;
      if (!smaller || moved.some((count) => count < 0)) began = now;
      expect(Date.now(), `in the end ${JSON.stringify(now)}`).toBeLessThan(end);
      await after(look);
    }
  },
);

/** Somebody's picture on a person's screen: its size, and the frames shown so far. */
async function picture(person: Person, name: string): Promise<{ lines: number; frames: number }> {
  const label = person.say('room.picture-of', { name });
  const video = person.page.getByLabel(label).and(person.page.locator('video')).first();
  if ((await video.count()) === 0) return { lines: 0, frames: 0 };
  return video.evaluate((element) => {
    const video = element as HTMLVideoElement;
    return { lines: video.videoHeight, frames: video.getVideoPlaybackQuality().totalVideoFrames };
  });
}
