// Runs in the page before the app: a camera whose every frame carries its number,
// and notes of which frames were shown and what was heard, and when. Times are
// ms since 1970 by the machine's clock, which both sides share.

/** A frame of the other side on this screen. */
export interface Shown {
  frame: number;
  at: number;
  height: number;
}

/** Counters of everything heard on the newest connection. Samples are per channel. */
export interface Heard {
  at: number;
  connection: number;
  packets: number;
  bytes: number;
  received: number;
  concealed: number;
  silent: number;
  /** Lost packets asked for again here, and own ones that were sent again. */
  asked: number;
  again: number;
  energy: number;
}

export interface Notes {
  /** When each frame of this side's camera was drawn, by number. */
  drawn: number[];
  shown: Shown[];
  heard: Heard[];
}

/** Stands alone: it is sent to the page as text. */
export function instruments(): void {
  const width = 960;
  const height = 540;
  const strip = height / 9; // at the top: the number in black and white
  const bits = 16;
  const sums = 4;
  const cells = 2 + bits + sums; // white, black, number, its checksum
  const every = 50; // ms between frames
  const notes: Notes = { drawn: [], shown: [], heard: [] };
  const page = globalThis as unknown as { notes: Notes; held: RTCPeerConnection[] };
  page.notes = notes;

  const checksum = (n: number) => (n ^ (n >> 4) ^ (n >> 8) ^ (n >> 12) ^ 0b1010) & 0b1111;
  const own = new Set<string>();

  // The camera

  function camera(): MediaStreamTrack {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    const pen = canvas.getContext('2d', { alpha: false })!;
    const cloth = texture();
    const track = canvas.captureStream(0).getVideoTracks()[0] as CanvasCaptureMediaStreamTrack;
    own.add(track.id);
    const ticking = setInterval(() => {
      if (track.readyState === 'ended') clearInterval(ticking);
      const frame = notes.drawn.length;
      const turn = frame / 12;
      pen.drawImage(cloth, 0, 0);
      // A head that nods and turns before the wall.
      pen.drawImage(
        cloth,
        200,
        100,
        240,
        300,
        360 + 60 * Math.sin(turn),
        160 + 20 * Math.cos(turn * 2),
        240,
        300,
      );
      number(pen, frame);
      notes.drawn.push(Date.now());
      track.requestFrame();
    }, every);
    return track;
  }

  function texture(): HTMLCanvasElement {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    const pen = canvas.getContext('2d')!;
    let seed = 1;
    const next = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    for (let i = 0; i < 900; i++) {
      pen.fillStyle = `hsl(${20 + 40 * next()} ${30 + 30 * next()}% ${25 + 50 * next()}% / 60%)`;
      pen.beginPath();
      pen.ellipse(width * next(), height * next(), 8 + 50 * next(), 8 + 30 * next(), 3 * next(), 0, 7);
      pen.fill();
    }
    return canvas;
  }

  function number(pen: CanvasRenderingContext2D, frame: number): void {
    const n = frame % 2 ** bits;
    const word = (1 << (bits + sums + 1)) | (n << sums) | checksum(n);
    for (let i = 0; i < cells; i++) {
      pen.fillStyle = (word >> (cells - 1 - i)) & 1 ? '#fff' : '#000';
      pen.fillRect(Math.round((i * width) / cells), 0, Math.ceil(width / cells), strip);
    }
  }

  const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (ask) {
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = wanted?.audio ? await ask({ audio: wanted.audio }) : new MediaStream();
      if (wanted?.video) stream.addTrack(camera());
      return stream;
    };
  }

  // The screen

  const eye = document.createElement('canvas');
  const dot = 8; // pixels of a cell when it is read
  Object.assign(eye, { width: cells * dot, height: dot });
  const sight = eye.getContext('2d', { willReadFrequently: true })!;

  /** The number of the frame that a video shows; undefined when it cannot be read. */
  function read(video: HTMLVideoElement): number | undefined {
    const { videoWidth: w, videoHeight: h } = video;
    sight.drawImage(video, 0, h / 36, w, h / 18, 0, 0, eye.width, eye.height);
    const pixels = sight.getImageData(0, dot / 2, eye.width, 1).data;
    let word = 0;
    for (let i = 0; i < cells; i++) word = (word << 1) | (pixels[(i * dot + dot / 2) * 4]! > 127 ? 1 : 0);
    const n = (word >> sums) & (2 ** bits - 1);
    const framed = word >> (bits + sums) === 0b10;
    return framed && (word & (2 ** sums - 1)) === checksum(n) ? n : undefined;
  }

  const watched = new WeakSet<HTMLVideoElement>();
  let newest = -1;
  function watch(video: HTMLVideoElement): void {
    watched.add(video);
    const look = () => {
      const track = video.srcObject instanceof MediaStream ? video.srcObject.getVideoTracks()[0] : undefined;
      if (track && !own.has(track.id) && video.videoHeight > 0) {
        const frame = read(video);
        if (frame !== undefined && frame !== newest) {
          newest = frame;
          notes.shown.push({ frame, at: Date.now(), height: video.videoHeight });
        }
      }
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  }

  // The loudspeaker

  async function listen(): Promise<void> {
    const connection = page.held?.at(-1);
    if (!connection || connection.connectionState === 'closed') return;
    const sum = { packets: 0, bytes: 0, received: 0, concealed: 0, silent: 0, energy: 0, asked: 0, again: 0 };
    (await connection.getStats()).forEach((stat: RTCInboundRtpStreamStats & RTCOutboundRtpStreamStats) => {
      if (stat.kind !== 'audio') return;
      if (stat.type === 'outbound-rtp') sum.again += stat.retransmittedPacketsSent ?? 0;
      if (stat.type !== 'inbound-rtp') return;
      sum.packets += stat.packetsReceived ?? 0;
      sum.bytes += stat.bytesReceived ?? 0;
      sum.received += stat.totalSamplesReceived ?? 0;
      sum.concealed += stat.concealedSamples ?? 0;
      sum.silent += stat.silentConcealedSamples ?? 0;
      sum.asked += stat.nackCount ?? 0;
      sum.energy += stat.totalAudioEnergy ?? 0;
    });
    notes.heard.push({ at: Date.now(), connection: page.held.length, ...sum });
  }

  setInterval(() => {
    for (const video of document.querySelectorAll('video')) if (!watched.has(video)) watch(video);
    void listen();
  }, 100);
}
