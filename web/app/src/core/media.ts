// The person's own camera, microphone and screen: asking for them, doing
// without, changing them during a call. Holds the tracks and nothing of the
// call; listeners attach the tracks to a peer connection.

import { Listeners } from './socket';
import type { StandIn } from './media-standin';

export type Capture = 'microphone' | 'camera';

/** Why there is no camera or microphone. */
export type Refusal = 'denied' | 'missing' | 'busy' | 'insecure';

/** off: not wanted now; asking: the browser is asking the person; lost: it was unplugged. */
export type CaptureState = 'off' | 'asking' | 'on' | Refusal;

export interface Device {
  id: string;
  label: string;
}

export interface Devices {
  microphone: Device[];
  camera: Device[];
  speaker: Device[];
}

export interface MediaEvents {
  /** A source's track was replaced; undefined: nothing is captured. */
  track: { source: Capture | 'screen'; track: MediaStreamTrack | undefined };
  /** A capture's state or the list of devices changed. */
  change: void;
}

const kinds = { audioinput: 'microphone', videoinput: 'camera', audiooutput: 'speaker' } as const;
const remembered = 'consilium.devices';

// A face at 540 lines is enough to see colour and breathing, and half the cost of 720.
const picture: MediaTrackConstraints = {
  width: { ideal: 960 },
  height: { ideal: 540 },
  frameRate: { ideal: 20, max: 30 },
};
const voice: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

export class Media {
  readonly state: Record<Capture, CaptureState> = { microphone: 'off', camera: 'off' };
  devices: Devices = { microphone: [], camera: [], speaker: [] };
  chosen: Partial<Record<Capture | 'speaker', string>> = recall();
  /** The test picture and tone are in use. */
  standing = false;

  readonly #events = new Listeners<MediaEvents>();
  readonly #tracks: Partial<Record<Capture | 'screen', MediaStreamTrack>> = {};
  readonly #asked: Record<Capture, number> = { microphone: 0, camera: 0 }; // newest request wins
  #stand: StandIn | undefined;
  #closed = false;
  readonly #refresh = () => void this.#list();

  on<K extends keyof MediaEvents>(type: K, fn: (value: MediaEvents[K]) => void): () => void {
    return this.#events.on(type, fn);
  }

  track(source: Capture | 'screen'): MediaStreamTrack | undefined {
    return this.#tracks[source];
  }

  /** Whether a source is heard or seen by others. */
  live(source: Capture | 'screen'): boolean {
    return this.#tracks[source]?.enabled ?? false;
  }

  get canShare(): boolean {
    return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
  }

  get canChooseSpeaker(): boolean {
    return 'setSinkId' in HTMLMediaElement.prototype && this.devices.speaker.length > 0;
  }

  /** Asks for what is wanted: once for both, so that the person answers one question. */
  async open(want: Record<Capture, boolean>): Promise<void> {
    navigator.mediaDevices?.addEventListener('devicechange', this.#refresh);
    if (want.microphone && want.camera && !this.standing) await this.#both();
    else
      await Promise.all(
        (['microphone', 'camera'] as const).filter((c) => want[c]).map((c) => this.#begin(c)),
      );
    await this.#list();
  }

  /** Turns a source on or off. Muting keeps the microphone; the camera's light goes out. */
  async turn(source: Capture, on: boolean): Promise<void> {
    if (!on) {
      const track = this.#tracks[source];
      if (source === 'microphone' && track) track.enabled = false;
      else this.#drop(source);
      this.#events.emit('change', undefined);
      return;
    }
    const track = this.#tracks[source];
    if (track && track.readyState === 'live') {
      track.enabled = true;
      this.#events.emit('change', undefined);
      return;
    }
    await this.#begin(source);
    await this.#list(); // labels appear with the first permission
  }

  async choose(kind: Capture | 'speaker', id: string): Promise<void> {
    this.chosen = { ...this.chosen, [kind]: id };
    remember(this.chosen);
    if (kind !== 'speaker' && this.#tracks[kind]) {
      const { enabled } = this.#tracks[kind];
      stop(this.#tracks[kind]); // a phone opens one camera at a time
      this.standing = false;
      await this.#begin(kind);
      if (this.#tracks[kind]) this.#tracks[kind].enabled = enabled;
    }
    this.#events.emit('change', undefined);
  }

  /** Puts the test picture and tone in place of camera and microphone. */
  async useStandIn(label: string): Promise<void> {
    this.#stand ??= (await import('./media-standin')).standIn(label);
    this.standing = true;
    await Promise.all([this.#begin('microphone'), this.#begin('camera')]);
  }

  /** Asks for a screen; false when the person changed their mind. */
  async share(): Promise<boolean> {
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { max: 10 } },
        audio: false,
      });
    } catch {
      return false;
    }
    const track = stream.getVideoTracks()[0];
    if (!track || this.#closed) {
      track?.stop();
      return false;
    }
    track.contentHint = 'detail';
    track.onended = () => this.stopSharing();
    this.#put('screen', track);
    return true;
  }

  stopSharing(): void {
    this.#drop('screen');
    this.#events.emit('change', undefined);
  }

  close(): void {
    this.#closed = true;
    navigator.mediaDevices?.removeEventListener('devicechange', this.#refresh);
    for (const source of ['microphone', 'camera', 'screen'] as const) this.#drop(source);
    this.#stand?.close();
  }

  async #both(): Promise<void> {
    const mine = { microphone: ++this.#asked.microphone, camera: ++this.#asked.camera };
    this.#become('microphone', 'asking');
    this.#become('camera', 'asking');
    let tracks: MediaStreamTrack[];
    try {
      tracks = await this.#ask({ microphone: true, camera: true });
    } catch {
      // One of the two may still be had.
      await Promise.all([this.#begin('microphone'), this.#begin('camera')]);
      return;
    }
    for (const track of tracks) {
      const source = track.kind === 'audio' ? 'microphone' : 'camera';
      this.#took(source, track, mine[source]);
    }
  }

  async #begin(source: Capture): Promise<void> {
    const mine = ++this.#asked[source];
    this.#become(source, 'asking');
    try {
      const want = { microphone: source === 'microphone', camera: source === 'camera' };
      const [track] = await this.#ask(want).catch((cause) => {
        if (!(cause instanceof OverconstrainedError)) throw cause;
        return this.#ask(want, {}); // what was chosen once is not plugged in
      });
      if (!track) throw new DOMException('', 'NotFoundError');
      this.#took(source, track, mine);
    } catch (cause) {
      if (mine !== this.#asked[source] || this.#closed) return;
      this.#drop(source);
      this.#become(source, refusal(cause));
    }
  }

  async #ask(want: Record<Capture, boolean>, chosen = this.chosen): Promise<MediaStreamTrack[]> {
    if (this.standing && this.#stand) return this.#stand.tracks(want);
    if (!navigator.mediaDevices) throw new DOMException('', 'SecurityError');
    const choosing = (source: Capture, base: MediaTrackConstraints) => {
      const id = chosen[source];
      // Exact: else a camera of more pixels would be as good as the chosen one.
      return id ? { ...base, deviceId: { exact: id } } : base;
    };
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: want.microphone && choosing('microphone', voice),
      video: want.camera && choosing('camera', picture),
    });
    return stream.getTracks();
  }

  #took(source: Capture, track: MediaStreamTrack, mine: number): void {
    if (mine !== this.#asked[source] || this.#closed) {
      track.stop();
      return;
    }
    // Unplugged, or another program took it: fall back to whatever is there now.
    track.onended = () => {
      if (this.#tracks[source] !== track) return;
      void this.#begin(source).then(() => this.#list());
    };
    if (source === 'camera') track.contentHint = 'motion';
    this.#put(source, track);
    this.#become(source, 'on');
  }

  #put(source: Capture | 'screen', track: MediaStreamTrack): void {
    const before = this.#tracks[source];
    this.#tracks[source] = track;
    this.#events.emit('track', { source, track });
    this.#events.emit('change', undefined);
    if (before && before !== track) stop(before);
  }

  #drop(source: Capture | 'screen'): void {
    const before = this.#tracks[source];
    delete this.#tracks[source];
    if (source !== 'screen') {
      this.#asked[source]++;
      this.state[source] = 'off';
    }
    if (!before) return;
    stop(before);
    this.#events.emit('track', { source, track: undefined });
  }

  #become(source: Capture, state: CaptureState): void {
    this.state[source] = state;
    this.#events.emit('change', undefined);
  }

  async #list(): Promise<void> {
    const found: Devices = { microphone: [], camera: [], speaker: [] };
    for (const device of (await navigator.mediaDevices?.enumerateDevices()) ?? []) {
      if (device.deviceId) found[kinds[device.kind]].push({ id: device.deviceId, label: device.label });
    }
    this.devices = found;
    this.#events.emit('change', undefined);
  }
}

function stop(track: MediaStreamTrack): void {
  track.onended = null;
  track.stop();
}

function refusal(cause: unknown): Refusal {
  const name = cause instanceof DOMException ? cause.name : '';
  if (name === 'NotAllowedError') return 'denied';
  if (name === 'SecurityError' || name === 'TypeError') return 'insecure';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'missing';
}

function recall(): Partial<Record<Capture | 'speaker', string>> {
  try {
    return JSON.parse(localStorage.getItem(remembered) ?? '{}') as Partial<
      Record<Capture | 'speaker', string>
    >;
  } catch {
    return {}; // private mode, or somebody else's text
  }
}

function remember(chosen: Partial<Record<Capture | 'speaker', string>>): void {
  try {
    localStorage.setItem(remembered, JSON.stringify(chosen));
  } catch {
    // A choice that is forgotten is asked again.
  }
}
