import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Line, Offer, Participant } from '../gen/protocol';
import { keepCodec, mended, shaped } from './call-browser';
import { compare, read, type Reading } from './call-quality';
import {
  byParticipant,
  foremost,
  Negotiation,
  type Peer,
  type PeerHooks,
  type Source,
  type Wanted,
  linkWord,
  weakSide,
} from './call';

class FakePeer implements Peer {
  asked: { sources: Source[]; wanted: Wanted }[] = [];
  paths = 1; // tried by this connection
  answers: string[] = [];
  closed = false;
  fails = false;
  constructor(
    readonly name: number,
    readonly hooks: PeerHooks,
  ) {}
  offer(sources: Source[], wanted: Wanted, anew: boolean) {
    if (anew) this.paths++;
    this.asked.push({ sources, wanted });
    return Promise.resolve({ sdp: `offer of ${this.name}`, tracks: [] });
  }
  answer(sdp: string) {
    this.answers.push(sdp);
    return this.fails ? Promise.reject(new Error('bad answer')) : Promise.resolve();
  }
  close() {
    this.closed = true;
  }
}

function negotiation() {
  const peers: FakePeer[] = [];
  const offers: Offer[] = [];
  const lines: Line[][] = [];
  let open = true;
  let proofs = 0;
  const it = new Negotiation<FakePeer>({
    peer: (hooks) => {
      const peer = new FakePeer(peers.length + 1, hooks);
      peers.push(peer);
      return peer;
    },
    send: (offer) => open && offers.push(offer) > 0,
    begun: () => undefined,
    lines: (now) => lines.push(now),
    prove: () => void proofs++,
    state: () => undefined,
  });
  return { it, peers, offers, lines, proofs: () => proofs, socket: (on: boolean) => (open = on) };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('negotiation', () => {
  it('offers once attached: own voice and picture, two spare pairs, a fresh connection', async () => {
    const { it: call, peers, offers } = negotiation();
    call.attach(false);
    await settle();
    expect(offers).toEqual([{ id: 1, fresh: true, sdp: 'offer of 1', tracks: [] }]);
    expect(peers[0]?.asked).toEqual([{ sources: ['microphone', 'camera'], wanted: { audio: 2, video: 2 } }]);
  });

  it('takes the answer to its newest offer and no other', async () => {
    const { it: call, peers, offers, lines } = negotiation();
    call.attach(false);
    await settle();
    await call.answered({ id: 99, sdp: 'of another', lines: [] });
    expect(peers[0]?.answers).toEqual([]);
    await call.answered({
      id: 1,
      sdp: 'answer',
      lines: [{ mid: '2', participant: 'p', source: 'microphone' }],
    });
    expect(peers[0]?.answers).toEqual(['answer']);
    expect(lines.at(-1)).toHaveLength(1);
    await call.answered({ id: 1, sdp: 'again', lines: [] });
    expect(peers[0]?.answers).toHaveLength(1);
    expect(offers).toHaveLength(1);
  });

  it('gives the lines of an answer at once, so that a newer map is not undone', () => {
    const { it: call, lines } = negotiation();
    call.attach(false);
    return settle().then(() => {
      void call.answered({ id: 1, sdp: 'answer', lines: [{ mid: '2', participant: 'p', source: 'camera' }] });
      expect(lines.at(-1)).toHaveLength(1);
    });
  });

  it('offers again when lines run out or a screen is shared, one offer at a time', async () => {
    const { it: call, peers, offers } = negotiation();
    call.attach(false);
    await settle();
    call.more({ audio: 4, video: 5 });
    call.carry('screen');
    await settle();
    expect(offers).toHaveLength(1);
    await call.answered({ id: 1, sdp: 'answer', lines: [] });
    await settle();
    expect(offers).toHaveLength(2);
    expect(offers[1]?.fresh).toBeUndefined();
    expect(peers[0]?.asked[1]).toEqual({
      sources: ['microphone', 'camera', 'screen'],
      wanted: { audio: 4, video: 5 },
    });
    await call.answered({ id: 2, sdp: 'answer', lines: [] });
    call.more({ audio: 1, video: 1 });
    call.carry('screen');
    await settle();
    expect(offers).toHaveLength(2);
  });

  it('keeps the media when the socket resumes, and repeats an offer whose answer was lost', async () => {
    const { it: call, peers, offers } = negotiation();
    call.attach(false);
    await settle();
    call.detach();
    call.attach(true);
    await settle();
    expect(peers).toHaveLength(1);
    expect(offers.map((o) => o.id)).toEqual([1, 2]);
    await call.answered({ id: 2, sdp: 'answer', lines: [] });
    call.detach();
    call.attach(true);
    await settle();
    expect(offers).toHaveLength(2);
  });

  it('makes a new connection when the server no longer has the old one', async () => {
    const { it: call, peers, offers } = negotiation();
    call.attach(false);
    await settle();
    await call.answered({ id: 1, sdp: 'answer', lines: [] });
    call.detach();
    call.attach(false);
    await settle();
    expect(peers[0]?.closed).toBe(true);
    expect(offers.at(-1)).toMatchObject({ fresh: true, sdp: 'offer of 2' });
  });

  /** A call that stands: answered and connected. */
  async function standing() {
    const all = negotiation();
    all.it.attach(false);
    await settle();
    await all.it.answered({ id: 1, sdp: 'answer', lines: [] });
    all.peers[0]?.hooks.state('connected');
    return all;
  }

  it('waits out an outage: nothing is tried until the socket works', async () => {
    const { it: call, peers, offers, proofs } = await standing();
    call.silent();
    call.silent();
    peers[0]?.hooks.state('disconnected');
    expect(proofs()).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(offers).toHaveLength(1);
    call.arrives();
    call.proved();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(offers).toHaveLength(1);
    expect(peers).toHaveLength(1);
  });

  it('gives media that return with the socket a moment before it takes a new path', async () => {
    const { it: call, offers } = await standing();
    call.silent();
    call.proved();
    await vi.advanceTimersByTimeAsync(1_900);
    call.arrives();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(offers).toHaveLength(1);
  });

  it('gives them a moment also when the socket works late', async () => {
    const { it: call, peers } = await standing();
    call.silent();
    await vi.advanceTimersByTimeAsync(5_000);
    call.proved();
    await vi.advanceTimersByTimeAsync(400);
    expect(peers[0]?.paths).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(peers[0]?.paths).toBe(2);
  });

  it('takes a new path when the socket works, media stay away and the browser finds none', async () => {
    const { it: call, peers, offers } = await standing();
    call.silent();
    call.proved();
    await vi.advanceTimersByTimeAsync(1_900);
    expect(offers).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(peers[0]?.paths).toBe(2);
    expect(offers.at(-1)).toEqual({ id: 2, sdp: 'offer of 1', tracks: [] });
    await call.answered({ id: 2, sdp: 'answer', lines: [] });
    peers[0]?.hooks.state('connected');
    call.arrives();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(peers).toHaveLength(1);
  });

  it('takes a new path at once when the socket had to be replaced and the browser has had its time', async () => {
    const { it: call, peers } = await standing();
    call.silent();
    call.detach();
    await vi.advanceTimersByTimeAsync(1_000);
    call.attach(true);
    await vi.advanceTimersByTimeAsync(900);
    expect(peers[0]?.paths).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(peers).toHaveLength(1);
    expect(peers[0]?.paths).toBe(2);
  });

  it('begins anew when the new path carries nothing either', async () => {
    const { it: call, peers } = await standing();
    call.silent();
    call.proved();
    await vi.advanceTimersByTimeAsync(2_000);
    await call.answered({ id: 2, sdp: 'answer', lines: [] });
    await vi.advanceTimersByTimeAsync(3_900);
    expect(peers).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(peers).toHaveLength(2);
    expect(peers[0]?.closed).toBe(true);
  });

  it('begins anew when a new path connects and is silent again', async () => {
    const { it: call, peers, proofs } = await standing();
    call.silent();
    call.proved();
    await vi.advanceTimersByTimeAsync(2_000);
    await call.answered({ id: 2, sdp: 'answer', lines: [] });
    peers[0]?.hooks.state('connected');
    call.silent();
    expect(proofs()).toBe(2);
    call.proved();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(peers).toHaveLength(2);
  });

  it('begins anew when media never connect, later each time', async () => {
    const { it: call, peers } = negotiation();
    call.attach(false);
    await settle();
    await call.answered({ id: 1, sdp: 'answer', lines: [] });
    peers[0]?.hooks.state('failed');
    await vi.advanceTimersByTimeAsync(500);
    expect(peers).toHaveLength(2);
    await call.answered({ id: 2, sdp: 'answer', lines: [] });
    peers[1]?.hooks.state('failed');
    await vi.advanceTimersByTimeAsync(900);
    expect(peers).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(100);
    expect(peers).toHaveLength(3);
  });

  it('waits with a new connection until the socket is back', async () => {
    const { it: call, peers, socket } = negotiation();
    call.attach(false);
    await settle();
    await call.answered({ id: 1, sdp: 'answer', lines: [] });
    call.detach();
    socket(false);
    peers[0]?.hooks.state('failed');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(peers).toHaveLength(1);
    socket(true);
    call.attach(true);
    expect(peers).toHaveLength(2);
  });

  it('begins anew when an offer is refused, unanswered, or answered with nonsense', async () => {
    const { it: call, peers } = negotiation();
    call.attach(false);
    await settle();
    call.refused();
    await vi.advanceTimersByTimeAsync(500);
    expect(peers).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(peers).toHaveLength(3);
    peers[2]!.fails = true;
    await call.answered({ id: 3, sdp: 'nonsense', lines: [] });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(peers).toHaveLength(4);
  });

  it('is silent once closed', async () => {
    const { it: call, peers, offers } = negotiation();
    call.attach(false);
    call.close();
    await vi.advanceTimersByTimeAsync(60_000);
    call.attach(false);
    await settle();
    expect(offers).toEqual([]);
    expect(peers.every((peer) => peer.closed)).toBe(true);
  });
});

describe('the offer as the server gets it', () => {
  it('says of every section with sound that it may be asked for again', () => {
    const sound = 'm=audio 9 UDP/TLS/RTP/SAVPF 109\r\na=rtpmap:109 opus/48000/2\r\n';
    const picture = 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n';
    const again = 'a=rtcp-fb:109 nack\r\n';
    expect(mended(sound + picture + sound)).toBe(sound + again + picture + sound + again);
  });
});

describe('the answer as it is applied', () => {
  const answer = [
    'v=0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1',
    'a=recvonly',
    'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
    'a=rtpmap:96 VP8/90000',
    'a=recvonly',
    'a=simulcast:recv s;l',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1',
    'a=sendonly',
    'm=video 0 UDP/TLS/RTP/SAVPF 96',
    'a=inactive',
    '',
  ].join('\r\n');

  it('codes our voice for the link, begins gently, lets a layer wait, and leaves the rest alone', () => {
    const sections = shaped(answer, { rate: 12_000, packet: 60 }, '~s;l').split(/(?=^m=)/m);
    const lines = sections.map((section) => section.split('\r\n'));
    expect(lines[1]).toContain('a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1;maxaveragebitrate=12000');
    expect(lines[1]).toContain('a=ptime:60');
    expect(lines[2]).toContain('a=fmtp:96 x-google-start-bitrate=60');
    expect(lines[2]).toContain('a=simulcast:recv ~s;l');
    const before = answer.split(/(?=^m=)/m);
    expect([sections[0], sections[3], sections[4]]).toEqual([before[0], before[3], before[4]]);
  });
});

describe('codecs', () => {
  it('are Opus, VP8, H.264 baseline and retransmission', () => {
    const h264 = (mode: number, profile: string) => ({
      mimeType: 'video/H264',
      sdpFmtpLine: `level-asymmetry-allowed=1;packetization-mode=${mode};profile-level-id=${profile}`,
    });
    const kept = [
      { mimeType: 'audio/opus' },
      { mimeType: 'video/VP8' },
      { mimeType: 'video/rtx' },
      h264(1, '42e01f'),
    ];
    const pruned = [
      { mimeType: 'audio/PCMU' },
      { mimeType: 'video/AV1' },
      h264(0, '42e01f'),
      h264(1, '4d001f'),
    ];
    expect(kept.every(keepCodec)).toBe(true);
    expect(pruned.some(keepCodec)).toBe(false);
  });
});

describe('the map of lines', () => {
  it('tells whose media is where and leaves out spare lines', () => {
    const map = byParticipant([
      { mid: '2', participant: 'a', source: 'microphone' },
      { mid: '3', participant: 'a', source: 'camera' },
      { mid: '4' },
      { mid: '5', participant: 'b', source: 'screen' },
    ]);
    expect([...map]).toEqual([
      ['a', { microphone: '2', camera: '3' }],
      ['b', { screen: '5' }],
    ]);
  });

  const person = (id: string, seat: string, more: Partial<Participant> = {}): Participant => ({
    id,
    person: id,
    name: id,
    seat,
    institution: '',
    phase: 'in',
    since: 1,
    connected: true,
    media: { microphone: true, camera: true, screen: false },
    link: 'good',
    ...more,
  });

  it('puts the other side large, and a shared screen before everybody', () => {
    const roster = [person('me', 'owner'), person('nurse', 'accompanying'), person('expert', 'expert')];
    expect(foremost(roster, 'me', 'owner')?.id).toBe('expert');
    const sharing = { microphone: true, camera: true, screen: true };
    expect(foremost([...roster, person('watcher', 'observer', { media: sharing })], 'me', 'owner')?.id).toBe(
      'watcher',
    );
    expect(
      foremost([person('me', 'owner'), person('x', 'expert', { phase: 'waiting' })], 'me', 'owner'),
    ).toBeUndefined();
  });
});

describe('link quality', () => {
  const reading = (more: Partial<Reading>): Reading => ({
    at: 0,
    sent: 0,
    received: 0,
    rtt: 0,
    available: 0,
    given: 0,
    packets: 0,
    missed: 0,
    lost: 0,
    arrived: 0,
    concealed: 0,
    samples: 0,
    freezes: 0,
    path: '',
    ...more,
  });

  it('is the difference of two readings', () => {
    const before = reading({ sent: 1000, received: 2000, lost: 1, arrived: 100, samples: 1000 });
    const now = reading({
      at: 4000,
      sent: 51_000,
      received: 102_000,
      rtt: 80,
      packets: 100,
      missed: 2,
      lost: 11,
      arrived: 190,
      concealed: 50,
      samples: 2000,
      freezes: 1,
      path: 'udp',
    });
    expect(compare(before, now)).toEqual({
      rtt: 80,
      loss_up: 0.02,
      loss_down: 0.1,
      rate_up: 100,
      rate_down: 200,
      concealed: 0.05,
      freezes: 1,
      path: 'udp',
    });
  });

  it('never leaves the allowed range, whatever counters do', () => {
    const quality = compare(reading({ lost: 9, arrived: 9, sent: 9 }), reading({ at: 0, lost: -3 }));
    expect([quality.loss_down, quality.rate_up, quality.concealed]).toEqual([0, 0, 0]);
  });

  it('reads a stats report', () => {
    const report = [
      { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
      {
        id: 'P',
        type: 'candidate-pair',
        bytesSent: 5,
        bytesReceived: 6,
        currentRoundTripTime: 0.04,
        availableOutgoingBitrate: 64_000,
        localCandidateId: 'L',
      },
      { id: 'L', type: 'local-candidate', protocol: 'tcp', candidateType: 'host' },
      {
        id: 'a',
        type: 'inbound-rtp',
        packetsLost: 1,
        packetsReceived: 10,
        concealedSamples: 5,
        silentConcealedSamples: 2,
        totalSamplesReceived: 100,
      },
      { id: 'v', type: 'inbound-rtp', packetsLost: 2, packetsReceived: 20, freezeCount: 3 },
      { id: 'o', type: 'outbound-rtp', packetsSent: 50 },
      { id: 'r', type: 'remote-inbound-rtp', packetsLost: 4 },
    ];
    const byId = report.map((stat): [string, (typeof report)[number]] => [stat.id, stat]);
    expect(read(byId, 7)).toEqual(
      reading({
        at: 7,
        sent: 5,
        received: 6,
        rtt: 40,
        available: 64,
        packets: 50,
        missed: 4,
        lost: 3,
        arrived: 30,
        concealed: 3,
        samples: 100,
        freezes: 3,
        path: 'tcp',
      }),
    );
  });

  it('is a word', () => {
    expect([linkWord(NaN, 0), linkWord(40, 0), linkWord(300, 0), linkWord(40, 0.2)]).toEqual([
      'unknown',
      'good',
      'fair',
      'poor',
    ]);
  });

  it('has a weak side, the worse one', () => {
    expect([weakSide(0.01, 0.02), weakSide(0.2, 0.1), weakSide(0, 0.05)]).toEqual(['', 'up', 'down']);
  });
});
