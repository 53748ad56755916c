// Whether sound and picture really arrive: decoded frames advance, audio energy rises.
import type { Page } from 'playwright-core';
import type { Person } from './person';

/** So many new frames are a picture that moves. */
export const frames = 10;

/** A page of whichever browser. */
interface Scripted {
  evaluate<T>(script: () => T | Promise<T>): Promise<T>;
}

/** Runs in a page before the app: keeps hold of peer connections, so that a test can ask what arrives on them. */
export function holdConnections(): void {
  const held: RTCPeerConnection[] = [];
  (globalThis as unknown as { held: RTCPeerConnection[] }).held = held;
  const Original = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      held.push(this);
    }
  };
}

/**
 * Waits until ten new frames of a picture were decoded and shown. A picture that
 * goes and comes back, as with a reload or a thin link, is followed.
 */
export async function pictureMoves(page: Page, label: string | RegExp, within = 60_000): Promise<void> {
  const video = page.getByLabel(label).and(page.locator('video')).first();
  const end = Date.now() + within;
  let stood = 'no picture';
  while (Date.now() < end) {
    const there = await video.waitFor({ timeout: end - Date.now() }).then(
      () => true,
      () => false,
    );
    if (!there) break;
    stood = await video.evaluate(showing, frames, { timeout: 1_000 }).catch(() => 'went away');
    if (stood === 'moves') return;
  }
  throw new Error(`${String(label)} does not move: ${stood}; ${await arriving(page)}`);
}

/** Runs in a page; resolves to 'moves', or with the element's end, or after a while, to how it stood. */
export function showing(element: Element, frames: number): Promise<string> {
  const video = element as HTMLVideoElement;
  return new Promise((done) => {
    let count = 0;
    let last = -1;
    let looks = 0;
    const watch = setInterval(() => {
      if (!video.isConnected) end('went away');
      else if (++looks === 30) end(`${count} frames in ${looks} s`);
    }, 1_000);
    const end = (how: string) => {
      clearInterval(watch);
      done(how);
    };
    const shown: VideoFrameRequestCallback = (_, { presentedFrames }) => {
      if (presentedFrames > last) count++;
      last = presentedFrames;
      if (count > frames) end('moves');
      else video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  });
}

/** What the newest connection receives of pictures, for whoever reads a failure. */
async function arriving(page: Scripted): Promise<string> {
  return page.evaluate(async () => {
    const connection = (globalThis as unknown as { held: RTCPeerConnection[] }).held.at(-1);
    if (!connection) return 'no connection';
    const pictures: string[] = [];
    (await connection.getStats()).forEach((stat: RTCInboundRtpStreamStats) => {
      if (stat.type === 'inbound-rtp' && stat.kind === 'video')
        pictures.push(`${stat.packetsReceived} packets ${stat.framesDecoded ?? 0} frames`);
    });
    return `${connection.connectionState}, ${pictures.join(', ')}`;
  });
}

/** Sum of the energy of all sound that arrived, ever, on the newest connection. */
async function energy(page: Scripted): Promise<{ connection: number; sum: number }> {
  return page.evaluate(async () => {
    const held = (globalThis as unknown as { held: RTCPeerConnection[] }).held;
    let sum = 0;
    let stats: RTCStatsReport | void = undefined;
    // Firefox never answers for a connection that is closed meanwhile.
    while (held.length > 0 && !stats) {
      stats = await Promise.race([
        held.at(-1)?.getStats(),
        new Promise<void>((next) => setTimeout(next, 1_000)),
      ]);
    }
    stats?.forEach((stat: RTCInboundRtpStreamStats & { totalAudioEnergy?: number }) => {
      if (stat.type === 'inbound-rtp' && stat.kind === 'audio') sum += stat.totalAudioEnergy ?? 0;
    });
    return { connection: held.length, sum };
  });
}

/** Waits until sound arrives and is loud enough to be the fake microphone's beep. */
export async function soundArrives(page: Scripted, within = 30_000): Promise<void> {
  let before = await energy(page);
  const beep = 1e-4;
  const end = Date.now() + within;
  for (;;) {
    const now = await energy(page);
    if (now.connection !== before.connection) before = { ...now, sum: 0 };
    if (now.sum - before.sum >= beep) return;
    if (Date.now() > end) throw new Error(`no sound arrived within ${within} ms; ${await arriving(page)}`);
    await page.evaluate(() => new Promise((next) => requestAnimationFrame(next)));
  }
}

/** Runs in a page before the app: says what the server says to whoever is watched on a thin link too. */
export function askForSmallLayer(): void {
  globalThis.WebSocket = class extends WebSocket {
    constructor(...address: ConstructorParameters<typeof WebSocket>) {
      super(...address);
      if (!this.url.includes('/ws/rooms/')) return;
      const layers = [{ source: 'camera', rid: 's', rate: 130 }];
      const data = JSON.stringify({ type: 'layers', body: { layers } });
      const ask = () => this.dispatchEvent(new MessageEvent('message', { data }));
      this.addEventListener('message', (said) => said.isTrusted && setTimeout(ask)); // the server may say otherwise
    }
  };
}

/** Runs in a page before the app: leaves the browser one codec for pictures. */
export function haveOnly(mimeType: string): void {
  const { setCodecPreferences } = RTCRtpTransceiver.prototype;
  RTCRtpTransceiver.prototype.setCodecPreferences = function (codecs: RTCRtpCodec[]) {
    const picture = codecs.some((codec) => codec.mimeType.startsWith('video/'));
    const all = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
    const kept = all.filter((codec) => [mimeType, 'video/rtx'].includes(codec.mimeType));
    setCodecPreferences.call(this, picture ? kept : codecs);
  };
}

/** Waits until exactly these layers of the own camera go out. */
export async function sendsLayers(page: Scripted, layers: string[], within = 100_000): Promise<void> {
  const end = Date.now() + within;
  for (let before = await layersSent(page); ;) {
    const now = await layersSent(page);
    const grown = (least: number) =>
      Object.keys(now)
        .filter((rid) => now[rid]!.frames >= (before[rid]?.frames ?? 0) + least)
        .sort();
    if (grown(3 * frames).length > 0) {
      if (grown(frames / 5).join() === layers.join()) return;
      before = now;
    }
    if (Date.now() > end) throw new Error(`not ${layers.join()}: ${JSON.stringify({ before, now })}`);
    await page.evaluate(() => new Promise((next) => requestAnimationFrame(next)));
  }
}

/** How many frames of each layer of the own camera have gone out, and how large the last was. */
export function layersSent(page: Scripted): Promise<Record<string, { frames: number; lines: number }>> {
  return page.evaluate(async () => {
    const connection = (globalThis as unknown as { held: RTCPeerConnection[] }).held.at(-1);
    const sent: Record<string, { frames: number; lines: number }> = {};
    (await connection?.getStats())?.forEach((stat: RTCOutboundRtpStreamStats) => {
      if (stat.type === 'outbound-rtp' && stat.kind === 'video')
        sent[stat.rid ?? ''] = { frames: stat.framesSent ?? 0, lines: stat.frameHeight ?? 0 };
    });
    return sent;
  });
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
