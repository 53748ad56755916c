// Short messages at the foot of the page. One that can be undone stays longer.
export interface Toast {
  id: number;
  text: string;
  undo?: () => void;
  /** What failed; said in words where it is shown. */
  trouble?: unknown;
  link?: string;
  linkText?: string;
}

let next = 1;
export const toasts = $state<Toast[]>([]);

const shown = 6_000; // ms
const undoable = 12_000; // ms

export function say(text: string, more: Omit<Toast, 'id' | 'text'> = {}): void {
  const toast: Toast = { id: next++, text, ...more };
  toasts.push(toast);
  setTimeout(() => dismiss(toast.id), more.undo || more.trouble || more.link ? undoable : shown);
}

export function dismiss(id: number): void {
  const at = toasts.findIndex((toast) => toast.id === id);
  if (at >= 0) toasts.splice(at, 1);
}

/** Says that something did not work. */
export function sayTrouble(cause: unknown): void {
  say('', { trouble: cause });
}
