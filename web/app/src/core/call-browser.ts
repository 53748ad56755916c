// The browser's seam of a call: one RTCPeerConnection with pruned codecs and
// header extensions, so that the first offer fits a thin uplink.

import type { Track } from '../gen/protocol';
import {
  firstPicture,
  firstRate,
  firstVoice,
  noPicture,
  type Peer,
  type PeerHooks,
  type PeerState,
  type Picture,
  type Source,
  type Voice,
  type Wanted,
} from './call';

/** Opus; VP8 and H.264 baseline in single-NAL-or-fragment mode; retransmission. */
export function keepCodec(codec: { mimeType: string; sdpFmtpLine?: string }): boolean {
  const type = codec.mimeType.toLowerCase();
  const fmtp = codec.sdpFmtpLine ?? '';
  if (type === 'video/h264')
    return fmtp.includes('packetization-mode=1') && fmtp.includes('profile-level-id=42e0');
  return type === 'audio/opus' || type === 'video/vp8' || type === 'video/rtx';
}

/**
 * The offer as the server gets it. Browsers send sound again when they are asked to and
 * ask for it when the answer says that they may, but do not offer it.
 */
export function mended(offer: string): string {
  return offer.replace(/^a=rtpmap:(\d+) opus\/48000\/2\r\n/gm, '$&a=rtcp-fb:$1 nack\r\n');
}

const keepExtension = (uri: string, layers: boolean) =>
  uri.endsWith('sdes:mid') ||
  (layers && uri.endsWith('rtp-stream-id')) ||
  uri.endsWith('transport-wide-cc-extensions-01') ||
  uri.endsWith('video-orientation') ||
  uri.endsWith('ssrc-audio-level');

// What a source may send before anything is known of the link. Sound goes before
// a picture of a screen, and that before the camera's.
// The camera has a smaller layer, which is sent only where somebody watches it.
const outset: Record<Source, RTCRtpEncodingParameters[]> = {
  microphone: [{ maxBitrate: firstVoice.rate, priority: 'high', networkPriority: 'high' }],
  camera: [
    { rid: 's', ...encoding(noPicture, captured()), priority: 'low' },
    { rid: 'l', ...encoding(firstPicture, captured()), priority: 'low' },
  ],
  screen: [{ maxBitrate: 2_000_000, priority: 'medium' }],
};

/** The shorter side of what a camera gives, 540 when it does not say. */
function captured(track?: MediaStreamTrack | null): number {
  const { width, height } = track?.getSettings() ?? {};
  return Math.min(width ?? Infinity, height ?? 540);
}

function encoding(picture: Picture, lines: number): RTCRtpEncodingParameters {
  if (picture.lines === 0) return { active: false };
  return {
    active: true,
    maxBitrate: picture.rate * 1000,
    maxFramerate: picture.fps,
    scaleResolutionDownBy: Math.max(1, lines / picture.lines),
  };
}

/**
 * The server's answer as the browser applies it: how to code the voice, how gently to
 * begin, and which layers wait (~, RFC 8853 §5.1): an answer begins those that it does
 * not say so of, whatever the parameters are.
 */
export function shaped(answer: string, voice: Voice, layers: string): string {
  return answer
    .split(/(?=^m=)/m)
    .map((section) => {
      const type = /^m=(audio|video) [1-9]\d* \S+ (\d+)/.exec(section);
      if (!type || !/^a=recvonly\r?$/m.test(section)) return section; // nothing of ours goes out on it
      const format = type[2]!;
      if (type[1] === 'video') {
        const gentle = tune(section, format, `x-google-start-bitrate=${firstRate}`);
        return gentle.replace(/^(a=simulcast:recv ).*?(?=\r?$)/m, `$1${layers}`);
      }
      return `${tune(section, format, `maxaveragebitrate=${voice.rate}`)}a=ptime:${voice.packet}\r\n`;
    })
    .join('');
}

/** Adds a parameter to a format, whether or not it has some. */
function tune(section: string, format: string, parameter: string): string {
  const has = new RegExp(`^a=fmtp:${format} .*?(?=\\r?$)`, 'm');
  if (has.test(section)) return section.replace(has, (line) => `${line};${parameter}`);
  return `${section}a=fmtp:${format} ${parameter}\r\n`;
}
const kinds: Record<Source, 'audio' | 'video'> = { microphone: 'audio', camera: 'video', screen: 'video' };

// Not in TypeScript's DOM library yet; Chromium has them since 123.
interface Extensible {
  getHeaderExtensionsToNegotiate?(): { uri: string; direction: string }[];
  setHeaderExtensionsToNegotiate?(extensions: { uri: string; direction: string }[]): void;
}

export class BrowserPeer implements Peer {
  readonly #pc: RTCPeerConnection;
  readonly #senders = new Map<Source, RTCRtpTransceiver>();
  readonly #tracks = new Map<Source, MediaStreamTrack | null>();
  #voice = firstVoice;
  #picture = firstPicture;
  #small = noPicture;
  #answered = ''; // the newest answer, as the server gave it
  #offering = false; // an offer was made and has no answer yet
  #shaping: Promise<unknown> = Promise.resolve(); // one change at a time

  constructor(hooks: PeerHooks, iceServers: RTCIceServer[]) {
    this.#pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers });
    this.#pc.onconnectionstatechange = () => hooks.state(this.#pc.connectionState as PeerState);
  }

  async offer(sources: Source[], wanted: Wanted, anew: boolean): Promise<{ sdp: string; tracks: Track[] }> {
    this.#offering = true;
    await this.#shaping;
    for (const source of sources) if (!this.#senders.has(source)) this.#addSender(source);
    const receiving = { audio: 0, video: 0 };
    for (const line of this.#pc.getTransceivers()) {
      if (line.direction === 'recvonly') receiving[line.receiver.track.kind as 'audio' | 'video']++;
    }
    // Pairs stay together: a person's voice and picture come on neighbouring sections.
    while (receiving.audio < wanted.audio || receiving.video < wanted.video) {
      for (const kind of ['audio', 'video'] as const) {
        if (receiving[kind] >= wanted[kind]) continue;
        this.#add(kind, { direction: 'recvonly' });
        receiving[kind]++;
      }
    }
    if (anew) this.#pc.restartIce();
    await this.#pc.setLocalDescription();
    const tracks: Track[] = [];
    this.#senders.forEach((line, source) => line.mid !== null && tracks.push({ mid: line.mid, source }));
    return { sdp: mended(this.#pc.localDescription?.sdp ?? ''), tracks };
  }

  async answer(sdp: string): Promise<void> {
    await this.#apply(sdp);
    this.#answered = sdp;
    this.#offering = false;
  }

  /** Looks for the way to the server anew, by itself: its address may be another. */
  seek(): Promise<unknown> {
    this.#shaping = this.#shaping.then(() => this.#reanswer(true)).catch(() => undefined);
    return this.#shaping;
  }

  /** What sound and picture may cost from now on. The server is not asked: only the encoders change. */
  shape(voice: Voice, picture: Picture, small: Picture): Promise<unknown> {
    const packets = voice.packet !== this.#voice.packet;
    this.#voice = voice;
    this.#picture = picture;
    this.#small = small;
    this.#shaping = this.#shaping
      .then(async () => {
        await this.#limit('microphone', [{ maxBitrate: voice.rate }]);
        await this.#limitCamera();
        if (packets) await this.#reanswer(false);
      })
      .catch(() => undefined); // a closed connection takes nothing
    return this.#shaping;
  }

  /** What goes out on a source's section; null sends nothing and needs no negotiation. */
  async put(source: Source, track: MediaStreamTrack | null): Promise<void> {
    this.#tracks.set(source, track);
    const line = this.#senders.get(source);
    if (!line || line.sender.track === track) return;
    await line.sender.replaceTrack(track);
    if (source !== 'camera' || !track) return;
    this.#shaping = this.#shaping.then(() => this.#limitCamera()).catch(() => undefined); // its size may differ
  }

  /** The track that arrives on a section; it lives as long as the connection. */
  track(mid: string): MediaStreamTrack | undefined {
    return this.#pc.getTransceivers().find((line) => line.mid === mid)?.receiver.track;
  }

  stats(): Promise<RTCStatsReport> {
    return this.#pc.getStats();
  }

  close(): void {
    this.#pc.onconnectionstatechange = null;
    this.#pc.close();
  }

  #limitCamera(): Promise<void> {
    const lines = captured(this.#tracks.get('camera'));
    return this.#limit('camera', [encoding(this.#picture, lines), encoding(this.#small, lines)]);
  }

  /** Limits a source's layers, the largest first: in some browsers it has no other. */
  async #limit(source: Source, limits: RTCRtpEncodingParameters[]): Promise<void> {
    const sender = this.#senders.get(source)?.sender;
    const parameters = sender?.getParameters();
    if (!sender || !parameters?.encodings?.length) return;
    [...parameters.encodings].reverse().forEach((layer, i) => Object.assign(layer, limits[i]));
    await sender.setParameters(parameters);
  }

  // The length of a packet is said in an answer alone; the last one is applied again. It
  // leads the browser to the server from another address too. An offer does both later.
  async #reanswer(anew: boolean): Promise<void> {
    if (!this.#answered || this.#offering || this.#pc.signalingState !== 'stable') return;
    if (anew) this.#pc.restartIce();
    await this.#pc.setLocalDescription();
    await this.#apply(this.#answered);
  }

  #apply(answer: string): Promise<void> {
    const layer = (rid: string, { lines }: Picture) => (lines > 0 ? rid : `~${rid}`);
    const layers = `${layer('s', this.#small)};${layer('l', this.#picture)}`;
    return this.#pc.setRemoteDescription({ type: 'answer', sdp: shaped(answer, this.#voice, layers) });
  }

  #addSender(source: Source): void {
    const line = this.#add(kinds[source], {
      direction: 'sendonly',
      sendEncodings: outset[source],
    });
    this.#senders.set(source, line);
    const track = this.#tracks.get(source);
    if (track) void line.sender.replaceTrack(track);
  }

  #add(kind: 'audio' | 'video', init: RTCRtpTransceiverInit): RTCRtpTransceiver {
    const line = this.#pc.addTransceiver(kind, init);
    const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs.filter(keepCodec) ?? [];
    if (codecs.length > 0) line.setCodecPreferences?.(codecs);
    const extensible = line as Extensible;
    const extensions = extensible.getHeaderExtensionsToNegotiate?.();
    extensible.setHeaderExtensionsToNegotiate?.(
      (extensions ?? []).map(({ uri, direction }) => ({
        uri,
        direction: keepExtension(uri, (init.sendEncodings?.length ?? 0) > 1) ? direction : 'stopped',
      })),
    );
    return line;
  }
}
