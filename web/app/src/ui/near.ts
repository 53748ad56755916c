// What is out of sight loads when it comes into view, or when the link has been
// at rest for a while: a person on the way into a call does not wait for it.
import type { Attachment } from 'svelte/attachments';

const rest = 6_000; // ms; by then somebody is reading, not passing through

/** Calls once: at the first sight of the element, or after the rest. */
export function near(call: () => void): Attachment {
  return (element) => {
    const once = () => {
      stop();
      call();
    };
    const eye = new IntersectionObserver((seen) => {
      if (seen.some((one) => one.isIntersecting)) once();
    });
    const timer = setTimeout(once, rest);
    const stop = () => {
      eye.disconnect();
      clearTimeout(timer);
    };
    eye.observe(element);
    return stop;
  };
}
