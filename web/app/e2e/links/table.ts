// The table that `make links` prints.
import type { Sides } from './call';
import type { Figures } from './figures';

const columns: [head: string, width: number, cell: (of: Figures) => string][] = [
  ['sound s', 8, (of) => fixed(of.sound, 1)],
  ['picture s', 10, (of) => fixed(of.picture, 1)],
  ['concealed %', 12, (of) => fixed(of.concealed && of.concealed * 100, 1)],
  ['latency ms', 11, (of) => fixed(of.latency, 0)],
  ['p95', 6, (of) => fixed(of.late, 0)],
  ['fps', 5, (of) => fixed(of.fps, 1)],
  ['lines', 6, (of) => fixed(of.lines, 0)],
  ['stalls', 7, (of) => fixed(of.stalls, 0)],
  ['audio kbit/s', 13, (of) => fixed(of.audio, 0)],
  ['queue ms', 9, (of) => fixed(of.queue, 0)],
  ['outage s', 11, (of) => pair(of.outageSound, of.outagePicture)],
  ['moved s', 11, (of) => pair(of.moveSound, of.movePicture)],
  ['restart s', 11, (of) => pair(of.restartSound, of.restartPicture)],
];

const fixed = (value: number | undefined, digits: number) =>
  value === undefined ? '–' : value.toFixed(digits);
const pair = (sound: number | undefined, picture: number | undefined) =>
  `${fixed(sound, 1)}/${fixed(picture, 1)}`;

export interface Row {
  name: string;
  figures: Sides<Figures>;
  remark: string;
}

/** Two lines for each link: what the clinic gets and what the hospital gets. */
export function table(rows: Row[], runs: number): string {
  const head =
    'link'.padEnd(12) + 'at'.padEnd(9) + columns.map(([name, width]) => name.padStart(width)).join('');
  const lines = rows.flatMap(({ name, figures, remark }) =>
    (['clinic', 'hospital'] as const).map((side) => {
      const cells = columns.map(([, width, cell]) => cell(figures[side]).padStart(width)).join('');
      const end = side === 'clinic' && remark ? `  ${remark}` : '';
      return name.padEnd(12) + side.padEnd(9) + cells + end;
    }),
  );
  return [
    `What each side gets of the other; medians of ${runs}. Times of joining from cold navigation at the`,
    'clinic; of coming back as sound/picture after a 5 s outage, a new address, a killed server. – means not.',
    '',
    head,
    ...lines,
    '',
  ].join('\n');
}
