// The links of the table.
import type { Link } from './emulator';

export const matrix: Record<string, Link> = {
  dsl: { up: 2000, down: 2000, rtt: 40, queue: 200 },
  '3g': { up: 384, down: 384, rtt: 150, queue: 500, loss: 0.01 },
  vsat: { up: 512, down: 512, rtt: 600, queue: 500 },
  edge: { up: 64, down: 100, rtt: 300, queue: 1000, loss: 0.03 },
  burst10: { up: 2000, down: 2000, rtt: 40, queue: 200, loss: 0.1, burst: 4 },
  'udp-blocked': { up: 2000, down: 2000, rtt: 40, queue: 200, pass: 'tcp' },
  'only-443': { up: 2000, down: 2000, rtt: 40, queue: 200, pass: 'tcp443' },
};
