// Sends a file and tells how far it is. fetch can't say that; XMLHttpRequest can.
import { address, newKey, Problem } from './api';
import type { AttachmentView } from './model';

export const largest = 20 * 1024 * 1024; // bytes, as the server has it

export interface Upload {
  name: string;
  size: number;
  key: string;
  file: File;
}

export function prepare(file: File): Upload {
  return { name: file.name, size: file.size, key: newKey(), file };
}

export function send(id: string, upload: Upload, progress: (share: number) => void): Promise<AttachmentView> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', address('/api/consults/{id}/attachments', { id }));
    request.setRequestHeader('Idempotency-Key', upload.key);
    request.setRequestHeader('Accept', 'application/json');
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    };
    request.onerror = () => reject(new Problem(0, 'offline'));
    request.onabort = () => reject(new Problem(0, 'offline'));
    request.onload = () => {
      const body = parse(request.responseText);
      if (request.status >= 200 && request.status < 300) resolve(body as AttachmentView);
      else {
        const said = (body ?? {}) as { code?: string };
        reject(new Problem(request.status, said.code ?? `status-${request.status}`));
      }
    };
    const form = new FormData();
    form.append('file', upload.file, upload.name);
    request.send(form);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** "840 KB", "3.2 MB". */
export function sizeOf(bytes: number): string {
  return bytes < 1_000_000
    ? `${Math.max(1, Math.round(bytes / 1000))} KB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
