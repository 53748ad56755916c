// Whether sound and picture really arrive: decoded frames advance, audio energy rises.
import type { Page } from 'playwright-core';
import type { Person } from './person';

const frames = 10;

/** Waits until ten new frames of a picture were decoded and shown. */
export async function pictureMoves(page: Page, label: string | RegExp): Promise<void> {
  const video = page.getByLabel(label).and(page.locator('video')).first();
  await video.waitFor();
  await video.evaluate(
    (element, frames) =>
      new Promise<void>((done) => {
        let count = 0;
        let last = -1;
        const shown: VideoFrameRequestCallback = (_, { presentedFrames }) => {
          if (presentedFrames > last) count++;
          last = presentedFrames;
          if (count > frames) done();
          else (element as HTMLVideoElement).requestVideoFrameCallback(shown);
        };
        (element as HTMLVideoElement).requestVideoFrameCallback(shown);
      }),
    frames,
    { timeout: 30_000 },
  );
}

/** Sum of the energy of all sound that arrived, ever, on the newest connection. */
async function energy(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const held = (globalThis as unknown as { held: RTCPeerConnection[] }).held;
    let sum = 0;
    for (const connection of held.slice(-1)) {
      (await connection.getStats()).forEach(
        (stat: RTCInboundRtpStreamStats & { totalAudioEnergy?: number }) => {
          if (stat.type === 'inbound-rtp' && stat.kind === 'audio') sum += stat.totalAudioEnergy ?? 0;
        },
      );
    }
    return sum;
  });
}

/** Waits until sound arrives and is loud enough to be the fake microphone's beep. */
export async function soundArrives(page: Page, within = 30_000): Promise<void> {
  const before = await energy(page);
  const beep = 1e-4;
  const end = Date.now() + within;
  while ((await energy(page)) - before < beep) {
    if (Date.now() > end) throw new Error(`no sound arrived within ${within} ms`);
    await page.evaluate(() => new Promise((next) => requestAnimationFrame(next)));
  }
}

/** Both see and hear each other. */
export async function seeAndHear(a: Person, aName: string, b: Person, bName: string): Promise<void> {
  await Promise.all([
    pictureMoves(a.page, a.say('room.picture-of', { name: bName })),
    pictureMoves(b.page, b.say('room.picture-of', { name: aName })),
    soundArrives(a.page),
    soundArrives(b.page),
  ]);
}
