// Whether this page may sound: browsers keep an AudioContext silent until a click.
// What sounds is media-tones, what listens media-level.

let shared: AudioContext | undefined;

/** The one AudioContext of the page. */
export function context(): AudioContext {
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
