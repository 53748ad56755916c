// Sound that the app makes or measures: the ring, the speaker test, the level
// of a microphone. Browsers keep an AudioContext silent until a click.

let shared: AudioContext | undefined;

function context(): AudioContext {
  shared ??= new AudioContext();
  return shared;
}

/** Unlocks sound; call it from a click. Says whether the page can ring now. */
export async function unlock(): Promise<boolean> {
  const audio = context();
  if (audio.state !== 'running') await Promise.race([audio.resume(), after(1000)]);
  return audio.state === 'running';
}

const after = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** Whether sound is unlocked right now. */
export const audible = (): boolean => shared?.state === 'running';

function note(
  audio: AudioContext,
  out: AudioNode,
  frequency: number,
  at: number,
  length: number,
  loud: number,
): void {
  const swell = new GainNode(audio, { gain: 0 });
  swell.gain.setValueAtTime(0, at);
  swell.gain.linearRampToValueAtTime(loud, at + 0.02);
  swell.gain.setValueAtTime(loud, at + length - 0.06);
  swell.gain.linearRampToValueAtTime(0, at + length);
  const tone = new OscillatorNode(audio, { frequency });
  tone.connect(swell).connect(out);
  tone.start(at);
  tone.stop(at + length);
  tone.onended = () => swell.disconnect();
}

/** Rings until the returned function is called: two rising pairs every two seconds. */
export function ring(): () => void {
  const audio = context();
  const once = () => {
    if (audio.state !== 'running') return;
    const at = audio.currentTime + 0.02;
    for (const [i, frequency] of [587, 784, 587, 784].entries()) {
      note(audio, audio.destination, frequency, at + i * 0.22 + (i > 1 ? 0.12 : 0), 0.2, 0.22);
    }
  };
  once();
  const again = setInterval(once, 2_000);
  return () => clearInterval(again);
}

/** Plays a short rising scale on the chosen speaker; resolves when it has sounded. */
export async function testSpeaker(speaker: string | undefined): Promise<void> {
  const audio = new AudioContext();
  try {
    const choosable = audio as AudioContext & { setSinkId?(id: string): Promise<void> };
    if (speaker && choosable.setSinkId) await choosable.setSinkId(speaker).catch(() => undefined);
    await audio.resume();
    const at = audio.currentTime + 0.05;
    for (const [i, frequency] of [392, 494, 587, 784].entries()) {
      note(audio, audio.destination, frequency, at + i * 0.25, 0.24, 0.2);
    }
    await after(1_200);
  } finally {
    void audio.close();
  }
}

/** Tells a microphone's level, 0 to 1, ten times a second until the returned function is called. */
export function meter(track: MediaStreamTrack, tell: (level: number) => void): () => void {
  const audio = new AudioContext();
  const resume = () => void audio.resume();
  addEventListener('pointerdown', resume);
  addEventListener('keydown', resume);
  const ear = new AnalyserNode(audio, { fftSize: 1024 });
  const source = audio.createMediaStreamSource(new MediaStream([track]));
  source.connect(ear);
  const wave = new Float32Array(ear.fftSize);
  const ticker = setInterval(() => {
    ear.getFloatTimeDomainData(wave);
    tell(levelOf(wave));
  }, 100);
  return () => {
    clearInterval(ticker);
    removeEventListener('pointerdown', resume);
    removeEventListener('keydown', resume);
    source.disconnect();
    void audio.close();
  };
}

/** Loudness as a person would draw it: −60 dB is 0, −6 dB is 1. */
export function levelOf(wave: Float32Array): number {
  let square = 0;
  for (const sample of wave) square += sample * sample;
  const decibels = 10 * Math.log10(square / wave.length + 1e-12);
  return Math.min(1, Math.max(0, (decibels + 60) / 54));
}
