// What a person's own browser sees of the link, from two readings of getStats.
// Pure: a reading is plain numbers.

import type { Quality } from '../gen/protocol';

/** The part of a stats report that counts, summed over sections. */
export interface Reading {
  at: number; // ms
  sent: number; // bytes
  received: number; // bytes
  rtt: number; // ms
  available: number; // kbit/s up that the browser believes in, 0: it does not say
  given: number; // bytes that the encoders of pictures could use, ever
  packets: number; // sent, ever
  missed: number; // of them, as the server reports it
  lost: number; // packets that did not arrive, ever
  arrived: number; // packets that arrived, ever
  concealed: number; // audio samples invented, ever
  samples: number; // audio samples played, ever
  freezes: number;
  path: Quality['path'];
}

interface Stat {
  id: string;
  type: string;
  [name: string]: unknown;
}

const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

/** Sums up a report as getStats gives it. */
export function read(report: Iterable<[string, Stat]>, at: number): Reading {
  const byId = new Map(report);
  const stats = [...byId.values()];
  const of = (type: string) => stats.filter((stat) => stat.type === type);
  const sum = (list: Stat[], name: string) => list.reduce((total, stat) => total + number(stat[name]), 0);
  const transport = of('transport')[0];
  const pair =
    byId.get(String(transport?.selectedCandidatePairId)) ?? of('candidate-pair').find((p) => p.nominated);
  const inbound = of('inbound-rtp');
  const reports = of('remote-inbound-rtp');
  // Each layer of a source says what all of them were given together.
  const given = new Map(of('outbound-rtp').map((stat) => [stat.mid, number(stat.totalEncodedBytesTarget)]));
  return {
    at,
    sent: number(pair?.bytesSent),
    received: number(pair?.bytesReceived),
    rtt: number(pair?.currentRoundTripTime) * 1000,
    available: number(pair?.availableOutgoingBitrate) / 1000,
    given: [...given.values()].reduce((total, bytes) => total + bytes, 0),
    packets: sum(of('outbound-rtp'), 'packetsSent'),
    missed: sum(reports, 'packetsLost'),
    lost: sum(inbound, 'packetsLost'),
    arrived: sum(inbound, 'packetsReceived'),
    concealed: sum(inbound, 'concealedSamples') - sum(inbound, 'silentConcealedSamples'),
    samples: sum(inbound, 'totalSamplesReceived'),
    freezes: sum(inbound, 'freezeCount'),
    path: pathOf(byId.get(String(pair?.localCandidateId))),
  };
}

function pathOf(local: Stat | undefined): Quality['path'] {
  if (!local) return '';
  if (local.candidateType === 'relay') return 'relay';
  return local.protocol === 'tcp' ? 'tcp' : 'udp';
}

const sound = 20; // kbit/s that it takes at least
const growth = 1.5; // what browsers believe in ends at this much of what they send

/**
 * The kbit/s up that the browser believes in, 0: unknown. Firefox does not say so, but it
 * gives its encoders what it believes in, up to what they may have.
 */
export function believed(before: Reading | undefined, now: Reading, may: number): number {
  if (now.available > 0 || !before) return now.available;
  const given = ((now.given - before.given) * 8) / Math.max(1, now.at - before.at);
  if (given <= 0) return 0;
  return given < 0.9 * may ? given + sound : growth * (may + sound);
}

const share = (part: number, whole: number) => (whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0);
const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;

export function compare(before: Reading, now: Reading): Quality {
  const seconds = Math.max(0.001, (now.at - before.at) / 1000);
  const rate = (a: number, b: number) => round(Math.max(0, b - a) / 125 / seconds, 1); // kbit/s
  const lost = Math.max(0, now.lost - before.lost);
  return {
    rtt: round(now.rtt, 1),
    loss_up: round(share(now.missed - before.missed, now.packets - before.packets), 4),
    loss_down: round(share(lost, lost + Math.max(0, now.arrived - before.arrived)), 4),
    rate_up: rate(before.sent, now.sent),
    rate_down: rate(before.received, now.received),
    concealed: round(share(now.concealed - before.concealed, now.samples - before.samples), 4),
    freezes: now.freezes,
    path: now.path,
  };
}
