// Sound that the app makes: the ring and the speaker test.

import { context } from './media-sound';

const after = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

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
