import { describe, expect, it } from 'vitest';
import { Ladder, steps, type UplinkReading } from './ladder';

/** A link that is read once per second, 30 packets each. */
function link() {
  const ladder = new Ladder();
  let now: UplinkReading = { at: 0, available: 0, rtt: 40, sent: 0, lost: 0 };
  return {
    ladder,
    read(
      seconds: number,
      more: { available: number; rtt?: number; loss?: number; asked?: number; limited?: boolean },
    ) {
      for (let i = 0; i < seconds; i++) {
        const { loss = 0, asked, limited, ...rest } = more;
        now = { ...now, ...rest, at: now.at + 1000, sent: now.sent + 30, lost: now.lost + 30 * loss };
        ladder.take(now, asked, limited);
      }
      return ladder;
    },
  };
}

describe('the ladder', () => {
  it('begins low and goes up after good readings only', () => {
    const { ladder, read } = link();
    expect(ladder.picture.rate).toBeLessThanOrEqual(30);
    read(1, { available: 2000 });
    expect(ladder.step).toBe(1);
    read(1, { available: 2000 });
    expect(ladder.picture.lines).toBe(270);
  });

  it('goes up in single steps from there, for the sake of those who watch', () => {
    const { ladder, read } = link();
    read(2, { available: 2000 });
    const rates: number[] = [];
    for (let i = 0; i < 4; i++) {
      rates.push(ladder.picture.rate);
      read(2, { available: 2000 });
    }
    expect(rates).toEqual([200, 400, 600, 900]);
  });

  it('has the browser try twice of what it believes in while that doubles, then goes up at once', () => {
    const { ladder, read } = link();
    for (const available of [80, 160, 300, 700]) {
      read(1, { available });
      expect(ladder.picture).toEqual({ lines: 180, fps: 5, rate: 2 * available });
    }
    read(1, { available: 1400 });
    expect(ladder.picture).toMatchObject({ lines: 270, rate: 200 });
  });

  it('tries no more where that showed nothing', () => {
    const { ladder, read } = link();
    read(1, { available: 80 });
    read(1, { available: 85 });
    expect(ladder.picture.rate).toBe(50);
    read(10, { available: 300 });
    expect(ladder.picture.rate).toBe(400);
  });

  it.each([
    ['with the delay of a thin link', { rtt: 300 }],
    ['with losses', { loss: 0.2 }],
    ['while the server wants less', { limited: true }],
  ])('tries nothing %s', (_, more) => {
    const { ladder, read } = link();
    read(2, { available: 0, ...more });
    for (const available of [40, 45, 49]) {
      read(1, { available, ...more });
      expect(ladder.picture.rate).toBe(30);
    }
  });

  it('tries once the server wants all', () => {
    const { ladder, read } = link();
    read(5, { available: 51, limited: true });
    read(1, { available: 80 });
    expect(ladder.picture.rate).toBe(160);
  });

  it('goes down at once, as far as it must', () => {
    const { ladder, read } = link();
    read(8, { available: 2000 });
    read(1, { available: 300 });
    expect(ladder.picture).toMatchObject({ lines: 360, fps: 15 });
  });

  it('does not swing at a limit', () => {
    const { ladder, read } = link();
    read(2, { available: 280 });
    const step = ladder.step;
    for (let i = 0; i < 10; i++) {
      read(1, { available: 240 });
      read(1, { available: 280 });
      expect(ladder.step).toBe(step);
    }
  });

  it('keeps 360 lines at 15 frames on a link of 384 kbit/s', () => {
    const { ladder, read } = link();
    read(4, { available: 340, rtt: 150, loss: 0.01 });
    expect(ladder.picture).toMatchObject({ lines: 360, fps: 15 });
  });

  it('does not take the losses of a radio link for a full one', () => {
    const { ladder, read } = link();
    read(10, { available: 800, loss: 0.1 });
    expect(ladder.picture.lines).toBeGreaterThanOrEqual(360);
  });

  it('goes down while the queue grows, and keeps a small picture', () => {
    const { ladder, read } = link();
    read(3, { available: 800 });
    const step = ladder.step;
    read(1, { available: 800, rtt: 600 });
    expect(ladder.step).toBe(step - 1);
    read(20, { available: 800, rtt: 600 });
    expect(ladder.step).toBe(1);
  });

  it('gives the picture up where sound alone fits, after two readings', () => {
    const { ladder, read } = link();
    read(1, { available: 30 });
    read(1, { available: 30, rtt: 600 });
    expect(ladder.paused).toBe(false);
    read(1, { available: 30, rtt: 600 });
    expect(ladder.paused).toBe(true);
    expect(ladder.picture.rate).toBe(0);
  });

  it('keeps a small picture that fits, whatever an estimate says that only sound has fed', () => {
    const { ladder, read } = link();
    read(60, { available: 32, rtt: 340, loss: 0.03 });
    expect(ladder.step).toBe(1);
  });

  it('brings the picture back by itself, later after each failure', () => {
    const { ladder, read } = link();
    const waits: number[] = [];
    read(1, { available: 30 });
    for (let round = 0; round < 3; round++) {
      while (!ladder.paused) read(1, { available: 30, rtt: 600 });
      let waited = 0;
      while (ladder.paused) {
        read(1, { available: 40, rtt: 40 });
        waited++;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([8, 16, 32]);
  });

  it('brings the picture back at once when the link is plainly good', () => {
    const { ladder, read } = link();
    read(1, { available: 30 });
    read(2, { available: 30, rtt: 600 });
    expect(ladder.paused).toBe(true);
    read(1, { available: 200, rtt: 40 });
    expect(ladder.paused).toBe(false);
  });

  it('codes the voice by the link and never below its floor', () => {
    const { ladder, read } = link();
    expect(ladder.voice).toEqual({ rate: 12_000, packet: 60 });
    read(3, { available: 384 });
    expect(ladder.voice).toEqual({ rate: 18_000, packet: 40 });
    read(3, { available: 2000 });
    expect(ladder.voice).toEqual({ rate: 24_000, packet: 20 });
    read(10, { available: 5, loss: 0.6, rtt: 3000 });
    expect(ladder.voice).toEqual({ rate: 12_000, packet: 60 });
    read(3, { available: 110 }); // near the limit
    expect(ladder.voice.packet).toBe(60);
  });

  it('costs at most 32 kbit/s on the wire for the voice of a link of 384 kbit/s', () => {
    const { ladder, read } = link();
    const { voice } = read(3, { available: 384 });
    const headers = 64 * 8 * (1000 / voice.packet);
    expect(voice.rate + headers).toBeLessThanOrEqual(32_000);
    expect(ladder.paused).toBe(false);
  });

  it('has steps whose rate lets the estimate reach the next one', () => {
    for (let step = 1; step + 1 < steps.length; step++) {
      expect(steps[step + 1]!.needs).toBeLessThanOrEqual(1.5 * (steps[step]!.rate + 20) + 10);
      expect(steps[step + 1]!.needs).toBeGreaterThan(steps[step]!.needs);
    }
  });

  it('adds a smaller layer that is asked for, and both fit', () => {
    const { ladder, read } = link();
    read(4, { available: 2000 });
    expect(ladder.small.rate).toBe(0);
    for (const [available, asked] of [
      [2000, 400],
      [2000, 130],
      [900, 400],
      [500, 400],
    ] as const) {
      read(4, { available, asked });
      expect(ladder.small.rate).toBe(Math.min(asked, Math.floor(available / 40) * 10));
      expect(ladder.small.lines).toBeLessThan(ladder.picture.lines);
      expect(ladder.small.rate + 0.8 * steps[ladder.step]!.needs).toBeLessThanOrEqual(available);
    }
    read(1, { available: 2000 });
    expect(ladder.small.rate).toBe(0);
  });

  it('never has two layers on a thin uplink, and does not swing at a limit', () => {
    const { ladder, read } = link();
    read(20, { available: 380, asked: 80 });
    expect(ladder.small.rate).toBe(0);
    read(4, { available: 450, asked: 80 });
    expect(ladder.small.rate).toBe(80);
    read(1, { available: 320, asked: 80 });
    expect(ladder.small.rate).toBe(80);
    read(1, { available: 290, asked: 80 });
    expect(ladder.small.rate).toBe(0);
    read(14, { available: 800, asked: 80 });
    expect(ladder.small.rate).toBe(0);
    read(2, { available: 800, asked: 80 });
    expect(ladder.small.rate).toBe(80);
  });
});
