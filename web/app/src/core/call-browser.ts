// The browser's seam of a call: one RTCPeerConnection with pruned codecs and
// header extensions, so that the first offer fits a thin uplink.

import type { Track } from '../gen/protocol';
import type { Peer, PeerHooks, PeerState, Source, Wanted } from './call';

/** Opus; VP8 and H.264 baseline in single-NAL-or-fragment mode; retransmission. */
export function keepCodec(codec: { mimeType: string; sdpFmtpLine?: string }): boolean {
  const type = codec.mimeType.toLowerCase();
  const fmtp = codec.sdpFmtpLine ?? '';
  if (type === 'video/h264')
    return fmtp.includes('packetization-mode=1') && fmtp.includes('profile-level-id=42e0');
  return type === 'audio/opus' || type === 'video/vp8' || type === 'video/rtx';
}

const keepExtension = (uri: string) =>
  uri.endsWith('sdes:mid') ||
  uri.endsWith('transport-wide-cc-extensions-01') ||
  uri.endsWith('video-orientation') ||
  uri.endsWith('ssrc-audio-level');

// Bits per second. A face needs less than a page of text or an ECG strip.
const ceiling: Record<Source, number> = { microphone: 48_000, camera: 1_200_000, screen: 2_000_000 };
const kinds: Record<Source, 'audio' | 'video'> = { microphone: 'audio', camera: 'video', screen: 'video' };

// Not in TypeScript's DOM library yet; Chromium has them since 123.
interface Extensible {
  getHeaderExtensionsToNegotiate?(): { uri: string; direction: string }[];
  setHeaderExtensionsToNegotiate?(extensions: { uri: string; direction: string }[]): void;
}

export class BrowserPeer implements Peer {
  private readonly pc: RTCPeerConnection;
  private readonly senders = new Map<Source, RTCRtpTransceiver>();
  private readonly tracks = new Map<Source, MediaStreamTrack | null>();

  constructor(hooks: PeerHooks) {
    this.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    this.pc.onconnectionstatechange = () => hooks.state(this.pc.connectionState as PeerState);
  }

  async offer(sources: Source[], wanted: Wanted): Promise<{ sdp: string; tracks: Track[] }> {
    for (const source of sources) if (!this.senders.has(source)) this.addSender(source);
    const receiving = { audio: 0, video: 0 };
    for (const line of this.pc.getTransceivers()) {
      if (line.direction === 'recvonly') receiving[line.receiver.track.kind as 'audio' | 'video']++;
    }
    // Pairs stay together: a person's voice and picture come on neighbouring sections.
    while (receiving.audio < wanted.audio || receiving.video < wanted.video) {
      for (const kind of ['audio', 'video'] as const) {
        if (receiving[kind] >= wanted[kind]) continue;
        this.add(kind, { direction: 'recvonly' });
        receiving[kind]++;
      }
    }
    await this.pc.setLocalDescription();
    const tracks: Track[] = [];
    this.senders.forEach((line, source) => line.mid !== null && tracks.push({ mid: line.mid, source }));
    return { sdp: this.pc.localDescription?.sdp ?? '', tracks };
  }

  answer(sdp: string): Promise<void> {
    return this.pc.setRemoteDescription({ type: 'answer', sdp });
  }

  /** What goes out on a source's section; null sends nothing and needs no negotiation. */
  async put(source: Source, track: MediaStreamTrack | null): Promise<void> {
    this.tracks.set(source, track);
    const line = this.senders.get(source);
    if (line && line.sender.track !== track) await line.sender.replaceTrack(track);
  }

  /** The track that arrives on a section; it lives as long as the connection. */
  track(mid: string): MediaStreamTrack | undefined {
    return this.pc.getTransceivers().find((line) => line.mid === mid)?.receiver.track;
  }

  stats(): Promise<RTCStatsReport> {
    return this.pc.getStats();
  }

  close(): void {
    this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  private addSender(source: Source): void {
    const line = this.add(kinds[source], {
      direction: 'sendonly',
      sendEncodings: [{ maxBitrate: ceiling[source] }],
    });
    this.senders.set(source, line);
    const track = this.tracks.get(source);
    if (track) void line.sender.replaceTrack(track);
  }

  private add(kind: 'audio' | 'video', init: RTCRtpTransceiverInit): RTCRtpTransceiver {
    const line = this.pc.addTransceiver(kind, init);
    const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs.filter(keepCodec) ?? [];
    if (codecs.length > 0) line.setCodecPreferences?.(codecs);
    const extensible = line as Extensible;
    const extensions = extensible.getHeaderExtensionsToNegotiate?.();
    extensible.setHeaderExtensionsToNegotiate?.(
      (extensions ?? []).map(({ uri, direction }) => ({
        uri,
        direction: keepExtension(uri) ? direction : 'stopped',
      })),
    );
    return line;
  }
}
