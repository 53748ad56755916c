import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Picture, Voice } from './call';
import { isThin, Watch, type Watched } from './call-watch';

/** A connection whose counters the test moves. */
class FakeCall implements Watched {
  received = 0;
  elsewhere = false; // it comes on another pair than the selected one
  available: number | undefined = 30; // kbit/s
  given = 0; // kbit/s, to the encoder
  shapes: { voice: Voice; picture: Picture; small: Picture }[] = [];
  missed = 0;
  asked = 0;
  roundTrip = 0.04; // s
  private sent = 0;
  private target = 0; // bytes
  stats() {
    this.sent += 15;
    this.target += (this.given * 500) / 8;
    const stats: [string, { id: string; type: string; [name: string]: unknown }][] = [
      ['T', { id: 'T', type: 'transport', selectedCandidatePairId: 'P' }],
      [
        'P',
        {
          id: 'P',
          type: 'candidate-pair',
          bytesReceived: this.elsewhere ? 0 : this.received,
          currentRoundTripTime: this.roundTrip,
          availableOutgoingBitrate: this.available && this.available * 1000,
        },
      ],
      ['o', { id: 'o', type: 'outbound-rtp', packetsSent: this.sent, totalEncodedBytesTarget: this.target }],
      ['i', { id: 'i', type: 'inbound-rtp', packetsReceived: this.received }],
      ['r', { id: 'r', type: 'remote-inbound-rtp', packetsLost: this.missed }],
    ];
    return Promise.resolve(stats);
  }
  sought = 0;
  seek() {
    this.sought++;
    return Promise.resolve();
  }
  shape(voice: Voice, picture: Picture, small: Picture) {
    this.shapes.push({ voice, picture, small });
    return Promise.resolve();
  }
}

function watch(call = new FakeCall()) {
  const said: string[] = [];
  const network = new EventTarget();
  vi.stubGlobal('navigator', { connection: network });
  let present = call;
  const it = new Watch({
    peer: () => ({ peer: present, state: 'connected' }),
    useful: (small) => (small ? call.asked : undefined),
    arrives: () => said.push('arrives'),
    silent: () => said.push('silent'),
    changed: () => said.push('changed'),
    quality: (quality) => said.push(`rtt ${quality.rtt}`),
    mute: (mute) => said.push(mute ? 'mute' : 'audible'),
    paused: (paused) => said.push(paused ? 'paused' : 'goes on'),
  });
  const run = async (ms: number, flowing: boolean) => {
    for (let at = 0; at < ms; at += 500) {
      if (flowing) present.received += 100;
      await vi.advanceTimersByTimeAsync(500);
    }
  };
  return { it, call, said, network, run, replace: (by: FakeCall) => (present = by) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the watch over a call', () => {
  it('tells after a second and a half that nothing arrives, and when it does again', async () => {
    const { said, run } = watch();
    await run(2_000, true);
    expect(said).not.toContain('silent');
    await run(1_000, false);
    expect(said).not.toContain('silent');
    await run(500, false);
    expect(said.at(-1)).toBe('silent');
    await run(500, true);
    expect(said.at(-1)).toBe('arrives');
  });

  it('hears what comes on a pair of before, while another is sought', async () => {
    const { call, said, run } = watch();
    await run(2_000, true);
    call.elsewhere = true;
    await run(4_000, true);
    expect(said).not.toContain('silent');
  });

  it('has the browser look for another way as soon as nothing arrives, and every three seconds', async () => {
    const { call, run } = watch();
    await run(4_000, true);
    await run(1_000, false);
    expect(call.sought).toBe(0);
    await run(500, false);
    expect(call.sought).toBe(1);
    await run(2_500, false);
    expect(call.sought).toBe(1);
    await run(500, false);
    expect(call.sought).toBe(2);
    await run(500, true);
    await run(1_500, false);
    expect(call.sought).toBe(2);
    await run(1_000, false);
    expect(call.sought).toBe(3);
  });

  it('goes on with a new connection when the old one never answers', async () => {
    const { call, said, run, replace } = watch();
    await run(1_000, true);
    call.stats = () => new Promise(() => {});
    await run(1_000, true);
    replace(new FakeCall());
    await run(1_000, true);
    await run(2_000, false);
    expect(said.at(-1)).toBe('silent');
  });

  it('is less patient once the network has changed', async () => {
    const { said, run, network } = watch();
    await run(1_000, true);
    network.dispatchEvent(new Event('change'));
    expect(said.at(-1)).toBe('changed');
    await run(1_000, false);
    expect(said).toContain('silent');
  });

  it('pauses the picture of a link that bears sound only, and keeps the estimate of an outage out', async () => {
    const { call, said, run } = watch();
    await run(1_000, true);
    call.roundTrip = 0.6; // a queue
    await run(3_000, true);
    expect(said).toContain('paused');
    expect(call.shapes.at(-1)?.picture.rate).toBe(0);
    const shapes = call.shapes.length;
    call.available = 5000;
    await run(2_000, false); // the first reading may still count
    await run(10_000, false);
    expect(call.shapes.length).toBeLessThanOrEqual(shapes + 1);
  });

  it('leaves a thin uplink to the way back while nothing arrives', async () => {
    const { call, run } = watch();
    call.available = 60;
    await run(4_000, true);
    await run(1_500, false);
    expect(call.shapes.at(-1)?.picture.rate).toBe(0);
    await run(500, true);
    expect(call.shapes.at(-1)?.picture.rate).toBeGreaterThan(0);
  });

  it('holds the picture however soon the silence is noticed', async () => {
    const { call, run, network } = watch();
    call.available = 95;
    await run(8_500, true);
    network.dispatchEvent(new Event('change'));
    call.available = 50; // a smaller picture, once that is read
    await run(2_000, false);
    expect(call.shapes.at(-1)?.picture.rate).toBe(0);
  });

  it('sends its picture on where there is room for both', async () => {
    const { call, run } = watch();
    call.available = 2_000;
    await run(4_000, true);
    await run(3_000, false);
    expect(call.shapes.at(-1)?.picture.rate).toBeGreaterThan(0);
  });

  it('does not take what a silence lost for a thin link', async () => {
    const { call, said, run } = watch();
    call.available = 2_000;
    await run(4_000, true);
    await run(3_000, false);
    await run(1_000, true);
    call.missed = 90; // the server's report comes after the link
    await run(8_000, true);
    expect(said).not.toContain('paused');
    call.missed += 300; // but this is the link
    await run(1_000, true);
    call.missed += 30;
    await run(2_000, true);
    expect(said).toContain('paused');
  });

  it('sends a smaller layer while it is asked for', async () => {
    const { call, run } = watch();
    call.available = 2_000;
    await run(4_000, true);
    expect(call.shapes.at(-1)?.small.rate).toBe(0);
    call.asked = 130;
    await run(2_000, true);
    expect(call.shapes.at(-1)?.small).toMatchObject({ lines: 180, rate: 130 });
    call.asked = 0;
    await run(2_000, true);
    expect(call.shapes.at(-1)?.small.rate).toBe(0);
  });

  it('takes a browser that does not say what it believes in at what it gives its encoders', async () => {
    const { call, run } = watch();
    call.available = undefined;
    const gets = async (link: number) => {
      for (let i = 0; i < 30; i++) {
        call.given = Math.min(link, call.shapes.at(-1)?.picture.rate ?? 30);
        await run(1_000, true);
      }
      return call.shapes.at(-1)?.picture.lines;
    };
    expect(await gets(5_000)).toBe(720);
    expect(await gets(100)).toBe(180);
    expect(await gets(450)).toBe(360);
  });

  it('watches a new connection from the beginning', async () => {
    const { said, run, replace } = watch();
    await run(3_000, true);
    replace(new FakeCall());
    await run(500, true);
    expect(said).toContain('goes on');
    expect(said).not.toContain('silent');
  });

  it('says how the link is, soon at first', async () => {
    const { said, run } = watch();
    await run(1_500, true);
    expect(said.filter((one) => one === 'rtt 40')).toHaveLength(1);
    await run(8_000, true);
    expect(said.filter((one) => one === 'rtt 40')).toHaveLength(3);
  });

  it('says when nobody could have been understood for ten seconds', async () => {
    const { said, run } = watch();
    await run(2_000, true);
    await run(9_500, false);
    expect(said).not.toContain('mute');
    await run(500, false);
    expect(said).toContain('mute');
    await run(1_000, true);
    expect(said.at(-1)).not.toBe('mute');
    expect(said).toContain('audible');
  });

  it('is over when closed', async () => {
    const { it: watching, said, run, network } = watch();
    watching.close();
    network.dispatchEvent(new Event('change'));
    await run(5_000, false);
    expect(said).toEqual([]);
  });
});

describe('an uplink', () => {
  it('is thin by what the browser believes in, not by what the server wants', () => {
    expect(isThin(0)).toBe(false); // nothing is known
    expect(isThin(60)).toBe(true);
    expect(isThin(120)).toBe(false);
    expect(isThin(51, 30)).toBe(false); // nobody watches
    expect(isThin(40, 64)).toBe(true);
  });
});
