// What was asked for while the app itself was still on its way (src/early.ts).
// Each of it is taken once.

export interface Early {
  /** By method and address. */
  answers: Record<string, Promise<Response>>;
  /** The room's, before its hello. */
  socket?: WebSocket;
}

const none: Early = { answers: {} };
const present = () => (globalThis as { early?: Early }).early ?? none;

/** An answer that is there or under way. One that is not good is better asked for again. */
export async function earlyAnswer(method: string, address: string): Promise<Response | undefined> {
  const { answers } = present();
  const key = `${method} ${address}`;
  const answer = answers[key];
  delete answers[key];
  const response = await answer?.catch(() => undefined);
  return response?.ok ? response : undefined;
}

/** A socket that is open or opening. */
export function earlySocket(url: string): WebSocket | undefined {
  const early = present();
  const { socket } = early;
  if (socket?.url !== url) return undefined;
  early.socket = undefined;
  return socket.readyState <= WebSocket.OPEN ? socket : undefined;
}
