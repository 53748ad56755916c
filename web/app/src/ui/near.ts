// What is out of sight loads when it comes into view, or when the page has been
// at rest for a while: a person on the way into a call does not wait for it.
import type { Attachment } from 'svelte/attachments';

const pause = 1_500; // ms that what stands in view from the start leaves to the rest of the page
const rest = 6_000; // ms; by then somebody is reading, not passing through

/** Calls once: when the element is scrolled into view, or after the pause or the rest. */
export function near(call: () => void): Attachment {
  return (element) => {
    const once = () => {
      stop();
      call();
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const eye = new IntersectionObserver((seen) => {
      const inView = seen.some((one) => one.isIntersecting);
      if (timer === undefined) timer = setTimeout(once, inView ? pause : rest);
      else if (inView) once();
    });
    const stop = () => {
      eye.disconnect();
      clearTimeout(timer);
    };
    eye.observe(element);
    return stop;
  };
}
