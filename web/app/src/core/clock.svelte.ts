// The time that screens reckon with: the server's, as clinic computers are often
// minutes wrong. It ticks, so that "in 12 min" stays true without reloading.

let skew = $state.raw(0); // ms that the server is ahead of this computer
let now = $state.raw(Date.now());

const tick = 5_000; // ms between updates of what is on screen
const tolerated = 20_000; // ms; the Date header has whole seconds and links are slow

setInterval(() => (now = Date.now()), tick);

export const clock = {
  /** ms since the epoch by the server's clock; reading it in markup keeps it up to date. */
  get now(): number {
    return now + skew;
  },
  /** The same, exact at the moment of the call and without subscribing to the tick. */
  exact(): number {
    return Date.now() + skew;
  },
  /** Hears the server's time with every answer. */
  heard(server: number): void {
    if (Number.isNaN(server)) return;
    const difference = server - Date.now();
    const better = Math.abs(difference) < tolerated ? 0 : difference;
    if (Math.abs(better - skew) > tolerated || better === 0) skew = better;
  },
};
