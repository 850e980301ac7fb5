import { describe, expect, it } from 'vitest';
import type { U16, U8 } from '../../src/core/arrays.js';
import {
  codeBits,
  decodeInto,
  decodeTable,
  FLOAT_FORMATS,
  SMALL_FLOATS,
} from '../../src/core/float-formats.js';
import { encodeBits, encodeInto } from '../../src/core/minifloat.js';
import { readGolden } from '../support/golden.js';

const golden = readGolden('torch-minifloat.safetensors');
const dataOf = (name: string): ArrayLike<number> & { buffer: ArrayBufferLike } => {
  const entry = golden.get(`minifloat/${name}`);
  if (entry === undefined) throw new Error(`no golden array ${name}`);
  return entry.data;
};
const inputBits = Uint32Array.from(new Uint32Array(dataOf('x').buffer));

it('reads all 17 arrays: x, and every code decoded and x encoded for the eight types', () => {
  expect([...golden.keys()].sort()).toEqual(
    [
      'minifloat/x',
      ...SMALL_FLOATS.flatMap((t) => [`minifloat/${t}/decode`, `minifloat/${t}/encode`]),
    ].sort(),
  );
});

describe.each(SMALL_FLOATS)('%s', (dtype) => {
  const format = FLOAT_FORMATS[dtype];
  const codesOf = (codes: ArrayLike<number>): U16 | U8 =>
    codeBits(format) > 8 ? Uint16Array.from(codes) : Uint8Array.from(codes);

  it('decodes every code as torch and ml_dtypes do', () => {
    expect(decodeTable(format)).toEqual(dataOf(`${dtype}/decode`));
    expect(decodeTable(format).length).toBe(2 ** codeBits(format));
  });

  it('encodes the hard inputs as torch and ml_dtypes do, in bulk and one by one', () => {
    const codes = codesOf(new Uint8Array(inputBits.length));
    const rule = { rounding: 'halfEven', overflow: format.overflow, seed: 0, position: 0 } as const;
    expect(encodeInto(codes, inputBits, format, rule)).toBe(-1);
    expect(codes).toEqual(dataOf(`${dtype}/encode`));
    const single = codesOf(
      Array.from(inputBits, (bits) => encodeBits(bits, format, 'halfEven', format.overflow)),
    );
    expect(single).toEqual(dataOf(`${dtype}/encode`));
  });

  it('round-trips every code that is not NaN under every rounding and overflow', () => {
    const codes = codesOf(Array.from({ length: 2 ** codeBits(format) }, (_, code) => code));
    const values = new Float32Array(codes.length);
    decodeInto(values, codes, format);
    const bits = new Uint32Array(values.buffer);
    for (const rounding of ['halfEven', 'halfAwayFromZero', 'halfUp', 'truncate', 'stochastic'] as const) {
      for (const overflow of ['infinity', 'throw'] as const) {
        for (let code = 0; code < codes.length; code++) {
          const back = encodeBits(bits[code], format, rounding, overflow, 0.5);
          if (back !== code && !Number.isNaN(values[code])) {
            throw new Error(`${code} became ${back} (${rounding}, ${overflow})`);
          }
        }
      }
    }
  });
});
