import { describe, expect, it } from 'vitest';
import type { F32, U16 } from '../../src/core/arrays.js';
import { referenceKernels } from '../../src/kernels/reference/index.js';
import { readGolden } from '../support/golden.js';
import { bitsOf, twins } from '../support/kernels.js';

const golden = readGolden('torch-minifloat.safetensors');
const f32 = (name: string): F32 => golden.get(`minifloat/${name}`)?.data as F32;
const u16 = (name: string): U16 => golden.get(`minifloat/${name}`)?.data as U16;

const ALL_CODES = Uint16Array.from({ length: 65536 }, (_, code) => code);
const BACKENDS = [{ label: 'reference', kernels: referenceKernels }, ...twins()];

/** torch keeps the payload of a NaN in bfloat16 or not depending on its build: only that it is one is compared. */
function withoutNaN(codes: U16, infinity: number): U16 {
  return codes.map((code) => ((code & 0x7fff) > infinity ? 0xffff : code));
}

describe.each(BACKENDS)('$label kernels equal torch', ({ kernels }) => {
  it('decodes all 65,536 codes of float16 and of bfloat16', () => {
    const out = new Float32Array(65536);
    kernels.decodeFloat16(out, ALL_CODES);
    expect(bitsOf(out)).toBe(bitsOf(f32('float16/decode')));
    kernels.decodeBfloat16(out, ALL_CODES);
    expect(bitsOf(out)).toBe(bitsOf(f32('bfloat16/decode')));
  });

  it('encodes the hard inputs', () => {
    const x = f32('x');
    const codes = new Uint16Array(x.length);
    kernels.encodeFloat16(codes, x);
    expect(bitsOf(withoutNaN(codes, 0x7c00))).toBe(bitsOf(withoutNaN(u16('float16/encode'), 0x7c00)));
    kernels.encodeBfloat16(codes, x);
    expect(bitsOf(withoutNaN(codes, 0x7f80))).toBe(bitsOf(withoutNaN(u16('bfloat16/encode'), 0x7f80)));
  });

  it('gives the stated NaN codes', () => {
    const x = new Float32Array(Uint32Array.of(0x7fc00000, 0xffc00000, 0x7f800001, 0xffaabbcc).buffer);
    const codes = new Uint16Array(4);
    kernels.encodeFloat16(codes, x);
    expect([...codes]).toEqual([0x7e00, 0xfe00, 0x7e00, 0xfe00]);
    kernels.encodeBfloat16(codes, x);
    expect([...codes]).toEqual([0x7fc0, 0xffc0, 0x7fc0, 0xffea]);
  });
});
