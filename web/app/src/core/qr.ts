// QR codes (ISO/IEC 18004) for short texts: byte mode, error correction level M,
// versions 1 to 10, enough for an otpauth:// address. Returns rows of modules,
// true is dark, without the quiet zone.

// Per version: codewords of error correction per block, number of blocks (level M).
const correction = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26];
const blocks = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5];
const aligned = [
  [],
  [6, 18],
  [6, 22],
  [6, 26],
  [6, 30],
  [6, 34],
  [6, 22, 38],
  [6, 24, 42],
  [6, 26, 46],
  [6, 28, 50],
];

export function qr(text: string): boolean[][] {
  const bytes = new TextEncoder().encode(text);
  for (let version = 1; version <= 10; version++) {
    const room = Math.floor(rawModules(version) / 8) - correction[version - 1]! * blocks[version - 1]!;
    const header = version < 10 ? 12 : 20; // bits of mode and length
    if (header + bytes.length * 8 <= room * 8)
      return draw(version, interleave(version, pack(version, bytes, room)));
  }
  throw new RangeError('too long for a QR code of version 10');
}

/** Modules that carry data, after all patterns (§ 6.1, table 1). */
function rawModules(version: number): number {
  let modules = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const rows = Math.floor(version / 7) + 2;
    modules -= (25 * rows - 10) * rows - 55;
    if (version >= 7) modules -= 36;
  }
  return modules;
}

/** Mode, length, data, terminator, padding (§ 7.4). */
function pack(version: number, bytes: Uint8Array, room: number): number[] {
  const bits: number[] = [];
  const put = (value: number, width: number) => {
    for (let at = width - 1; at >= 0; at--) bits.push((value >>> at) & 1);
  };
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((byte) => put(byte, 8));
  put(0, Math.min(4, room * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  for (let pad = 0xec; bits.length < room * 8; pad ^= 0xec ^ 0x11) put(pad, 8);
  const words: number[] = [];
  for (let at = 0; at < bits.length; at += 8) words.push(parseInt(bits.slice(at, at + 8).join(''), 2));
  return words;
}

function times(a: number, b: number): number {
  let product = 0;
  for (let at = 7; at >= 0; at--) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    product ^= ((b >>> at) & 1) * a;
  }
  return product;
}

function divisor(degree: number): number[] {
  const result: number[] = new Array<number>(degree).fill(0);
  result[degree - 1] = 1;
  let root = 1;
  for (let i = 0; i < degree; i++) {
    for (let j = 0; j < degree; j++) {
      result[j] = times(result[j]!, root);
      if (j + 1 < degree) result[j]! ^= result[j + 1]!;
    }
    root = times(root, 2);
  }
  return result;
}

function remainder(data: number[], by: number[]): number[] {
  const result: number[] = by.map(() => 0);
  for (const word of data) {
    const factor = word ^ result.shift()!;
    result.push(0);
    by.forEach((coefficient, at) => (result[at]! ^= times(coefficient, factor)));
  }
  return result;
}

/** Splits into blocks, adds error correction, and weaves them together (§ 7.5, 7.6). */
function interleave(version: number, data: number[]): number[] {
  const count = blocks[version - 1]!;
  const extra = correction[version - 1]!;
  const raw = Math.floor(rawModules(version) / 8);
  const short = count - (raw % count);
  const shortLength = Math.floor(raw / count) - extra;
  const by = divisor(extra);
  const parts: { data: number[]; check: number[] }[] = [];
  for (let at = 0, from = 0; at < count; at++) {
    const length = shortLength + (at < short ? 0 : 1);
    const part = data.slice(from, from + length);
    from += length;
    parts.push({ data: part, check: remainder(part, by) });
  }
  const out: number[] = [];
  for (let at = 0; at <= shortLength; at++)
    for (const part of parts) if (at < part.data.length) out.push(part.data[at]!);
  for (let at = 0; at < extra; at++) for (const part of parts) out.push(part.check[at]!);
  return out;
}

function draw(version: number, words: number[]): boolean[][] {
  const size = version * 4 + 17;
  const dark = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  const fixed = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  const set = (x: number, y: number, value: boolean) => {
    if (x < 0 || y < 0 || x >= size || y >= size) return;
    dark[y]![x] = value;
    fixed[y]![x] = true;
  };
  for (let at = 0; at < size; at++) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  for (const [x, y] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const)
    for (let dy = -4; dy <= 4; dy++)
      for (let dx = -4; dx <= 4; dx++) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy));
        set(x + dx, y + dy, ring !== 2 && ring !== 4);
      }
  const centres = aligned[version - 1]!;
  const last = centres.length - 1;
  centres.forEach((x, i) =>
    centres.forEach((y, j) => {
      if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) return;
      for (let dy = -2; dy <= 2; dy++)
        for (let dx = -2; dx <= 2; dx++) set(x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
    }),
  );
  if (version >= 7) {
    let rest = version;
    for (let i = 0; i < 12; i++) rest = (rest << 1) ^ ((rest >>> 11) * 0x1f25);
    const bits = (version << 12) | rest;
    for (let i = 0; i < 18; i++) {
      const bit = ((bits >>> i) & 1) === 1;
      const a = size - 11 + (i % 3);
      const b = Math.floor(i / 3);
      set(a, b, bit);
      set(b, a, bit);
    }
  }
  format(size, 0, set);
  lay(size, words, dark, fixed);

  let best: { grid: boolean[][]; score: number } | undefined;
  for (let mask = 0; mask < 8; mask++) {
    const grid = dark.map((row) => [...row]);
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) if (!fixed[y]![x] && masks[mask]!(x, y)) grid[y]![x] = !grid[y]![x];
    format(size, mask, (x, y, value) => (grid[y]![x] = value));
    const score = penalty(grid);
    if (!best || score < best.score) best = { grid, score };
  }
  return best!.grid;
}

const masks: ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** The format information, twice (§ 7.9). Level M is 0. */
function format(size: number, mask: number, set: (x: number, y: number, value: boolean) => void): void {
  let rest = mask;
  for (let i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >>> 9) * 0x537);
  const bits = ((mask << 10) | rest) ^ 0x5412;
  const bit = (i: number) => ((bits >>> i) & 1) === 1;
  for (let i = 0; i <= 5; i++) set(8, i, bit(i));
  set(8, 7, bit(6));
  set(8, 8, bit(7));
  set(7, 8, bit(8));
  for (let i = 9; i < 15; i++) set(14 - i, 8, bit(i));
  for (let i = 0; i < 8; i++) set(size - 1 - i, 8, bit(i));
  for (let i = 8; i < 15; i++) set(8, size - 15 + i, bit(i));
  set(8, size - 8, true);
}

/** Words go in columns of two, up and down from the right (§ 7.7.3). */
function lay(size: number, words: number[], dark: boolean[][], fixed: boolean[][]): void {
  let at = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++)
      for (let j = 0; j < 2; j++) {
        const x = right - j;
        const up = ((right + 1) & 2) === 0;
        const y = up ? size - 1 - step : step;
        if (fixed[y]![x] || at >= words.length * 8) continue;
        dark[y]![x] = ((words[at >>> 3]! >>> (7 - (at & 7))) & 1) === 1;
        at++;
      }
  }
}

/** The four penalties by which the mask is chosen (§ 7.8.3). */
function penalty(grid: boolean[][]): number {
  const size = grid.length;
  let score = 0;
  let black = 0;
  for (let y = 0; y < size; y++) {
    const across = grid[y]!;
    const down = grid.map((row) => row[y]!);
    for (const line of [across, down]) {
      const text = line.map((on) => (on ? '1' : '0')).join('');
      for (const run of text.match(/0{5,}|1{5,}/g) ?? []) score += run.length - 2;
      for (const finder of ['10111010000', '00001011101'])
        for (let from = text.indexOf(finder); from >= 0; from = text.indexOf(finder, from + 1)) score += 40;
    }
    black += across.filter(Boolean).length;
    if (y + 1 < size)
      for (let x = 0; x + 1 < size; x++) {
        const one = across[x];
        if (one === across[x + 1] && one === grid[y + 1]![x] && one === grid[y + 1]![x + 1]) score += 3;
      }
  }
  return score + Math.floor(Math.abs((black * 20) / (size * size) - 10)) * 10;
}
