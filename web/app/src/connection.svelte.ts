// Whether the server can be reached, told from the desk socket and the browser.
import { desk } from './desk';

let online = $state.raw(navigator.onLine);
let link = $state.raw(desk.link);
let slowToReturn = $state.raw(false);
const patience = 3_000; // ms that a dropped socket may take before anybody is told

export const connection = {
  /** False shows the quiet bar: what is typed now is kept and sent later. */
  get up(): boolean {
    return online && !slowToReturn;
  },
  watch(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = desk.on('link', (state) => {
      link = state;
      clearTimeout(timer);
      if (link === 'away') timer = setTimeout(() => (slowToReturn = true), patience);
      else slowToReturn = false;
    });
    const change = () => (online = navigator.onLine);
    addEventListener('online', change);
    addEventListener('offline', change);
    return () => {
      stop();
      clearTimeout(timer);
      removeEventListener('online', change);
      removeEventListener('offline', change);
    };
  },
};
