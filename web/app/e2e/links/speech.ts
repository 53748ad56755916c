// Sound like speech, for the fake microphone: syllables of harmonics under a
// gliding pitch, with pauses between words.
import { writeFileSync } from 'node:fs';

const rate = 48_000; // samples per second
const seconds = 12; // the fake microphone begins again after that

export function writeSpeech(file: string): void {
  const samples = rate * seconds;
  const data = Buffer.alloc(44 + samples * 2);
  data.write('RIFF', 0, 'latin1');
  data.writeUInt32LE(36 + samples * 2, 4);
  data.write('WAVEfmt ', 8, 'latin1');
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20); // PCM
  data.writeUInt16LE(1, 22); // channels
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * 2, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36, 'latin1');
  data.writeUInt32LE(samples * 2, 40);
  let phase = 0;
  for (let i = 0; i < samples; i++) {
    const at = i / rate;
    phase += (2 * Math.PI * (130 + 30 * Math.sin(2 * Math.PI * 0.7 * at))) / rate;
    data.writeInt16LE(Math.round(12_000 * syllable(at) * voice(phase, at)), 44 + i * 2);
  }
  writeFileSync(file, data);
}

/** Loudness: four syllables a second, and a pause of half a second after every six. */
function syllable(at: number): number {
  const within = at % 2;
  return within > 1.5 ? 0 : Math.sin(Math.PI * ((within * 4) % 1)) ** 2;
}

/** Twelve harmonics under two formants that wander from vowel to vowel. */
function voice(phase: number, at: number): number {
  let sum = 0;
  const first = 500 + 200 * Math.sin(2 * Math.PI * 1.3 * at);
  const second = 1500 + 500 * Math.sin(2 * Math.PI * 0.9 * at);
  for (let n = 1; n <= 12; n++) {
    const pitch = 130 * n;
    const loud = Math.exp(-(((pitch - first) / 300) ** 2)) + 0.5 * Math.exp(-(((pitch - second) / 400) ** 2));
    sum += loud * Math.sin(phase * n);
  }
  return Math.max(-1, Math.min(1, sum / 2));
}
