// A test picture and tone that stand in for a missing camera and microphone:
// a moving clock hand over a grey scale, and a quiet two-note tone.

import type { Capture } from './media';

export interface StandIn {
  tracks(want: Record<Capture, boolean>): MediaStreamTrack[];
  close(): void;
}

const width = 640;
const height = 360;
const frames = 12; // per second

export function standIn(label: string): StandIn {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext('2d');
  const paint = () => pen && draw(pen, label, new Date());
  paint();
  const painter = setInterval(paint, 1000 / frames);
  const audio = new AudioContext();
  const resume = () => void audio.resume();
  addEventListener('pointerdown', resume);
  return {
    tracks(want) {
      const tracks: MediaStreamTrack[] = [];
      if (want.microphone) tracks.push(...tone(audio).getAudioTracks());
      if (want.camera) tracks.push(...canvas.captureStream(frames).getVideoTracks());
      return tracks;
    },
    close() {
      clearInterval(painter);
      removeEventListener('pointerdown', resume);
      void audio.close();
    },
  };
}

function tone(audio: AudioContext): MediaStream {
  const out = audio.createMediaStreamDestination();
  const volume = new GainNode(audio, { gain: 0.05 });
  const high = new OscillatorNode(audio, { frequency: 440 });
  // One note, then the other, every second: a frozen tone is told from a live one.
  const step = new OscillatorNode(audio, { type: 'square', frequency: 0.5 });
  const depth = new GainNode(audio, { gain: 55 });
  step.connect(depth).connect(high.frequency);
  high.connect(volume).connect(out);
  high.start();
  step.start();
  return out.stream;
}

function draw(pen: CanvasRenderingContext2D, label: string, now: Date): void {
  const bars = 8;
  for (let i = 0; i < bars; i++) {
    const grey = Math.round(40 + (i * 180) / bars);
    pen.fillStyle = `rgb(${grey} ${grey} ${grey})`;
    pen.fillRect((i * width) / bars, 0, width / bars + 1, height);
  }
  const turn = ((now.getSeconds() + now.getMilliseconds() / 1000) / 60) * 2 * Math.PI;
  pen.fillStyle = '#1d4b73';
  pen.beginPath();
  pen.arc(width / 2, height / 2, 90, 0, 2 * Math.PI);
  pen.fill();
  pen.strokeStyle = '#ffffff';
  pen.lineWidth = 6;
  pen.beginPath();
  pen.moveTo(width / 2, height / 2);
  pen.lineTo(width / 2 + 74 * Math.sin(turn), height / 2 - 74 * Math.cos(turn));
  pen.stroke();
  pen.fillStyle = '#ffffff';
  pen.font = '600 24px system-ui, sans-serif';
  pen.textAlign = 'center';
  pen.fillText(label, width / 2, height - 28);
  pen.fillText(now.toTimeString().slice(0, 8), width / 2, 44);
}
