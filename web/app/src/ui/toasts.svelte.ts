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
let list = $state.raw<Toast[]>([]);

export const toasts = {
  get list(): Toast[] {
    return list;
  },
};

const shown = 6_000; // ms
const undoable = 12_000; // ms

export function say(text: string, more: Omit<Toast, 'id' | 'text'> = {}): void {
  const toast: Toast = { id: next++, text, ...more };
  list = [...list, toast];
  setTimeout(() => dismiss(toast.id), more.undo || more.trouble || more.link ? undoable : shown);
}

export function dismiss(id: number): void {
  list = list.filter((toast) => toast.id !== id);
}

/** Says that something did not work. */
export function sayTrouble(cause: unknown): void {
  say('', { trouble: cause });
}
