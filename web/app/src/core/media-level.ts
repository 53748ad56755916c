// The level of a microphone.

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
