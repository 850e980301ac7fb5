/**
 * What must be the same on every engine, as SHA-256 of all bytes: one line of JSON. scripts/other-nodes.mjs runs it on several
 * versions of Node and compares. Inputs come from seeds; NaN counts as one value, because its bits are the engine's choice.
 */
import { createHash, type Hash } from 'node:crypto';
import {
  castFloat,
  createRandom,
  decodeFloat,
  decompress,
  errorBound,
  fakeQuantize,
  measureError,
  quantizeAffine,
  quantizeCodebook,
  quantizeFloat,
  quantizeFloat8,
  quantizeMx,
  quantizeNvfp4,
  setBackend,
  toBytes,
  type AffineOptions,
  type Bits,
  type Granularity,
  type Mapping,
  type Rounding,
  type SmallFloat,
} from 'tensorslim';
import { writeSafetensors } from 'tensorslim/safetensors';
import type { F32 } from '../../src/core/arrays.js';
import { powerRule, SCALE_MODES, topOf } from '../../src/core/block-scale.js';
import { DTYPES } from '../../src/core/dtype.js';
import { SMALL_FLOATS } from '../../src/core/float-formats.js';
import { ROUNDINGS } from '../../src/core/rounding.js';
import { kernelsOf } from '../../src/kernels/dispatch.js';
import type { CodeRule, Kernels } from '../../src/kernels/types.js';

const ROWS = 37;
const WIDTH = 131;
const RUN = 32;
const COUNT = ROWS * WIDTH;
const RUNS = ROWS * Math.ceil(WIDTH / RUN);

const SPECIAL = [
  NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  1e-45,
  -1e-40,
  2.5,
  -0.5,
  2 ** 22 + 0.5,
  -(2 ** 24),
  3.4e38,
];

/** Ordinary weights of many sizes; every seventh row holds special numbers too unless `finite`. */
function numbers(seed: number, count: number, finite: boolean): F32 {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, (_, i) => {
    const value = random.normal() * 2 ** (i % 5);
    const special = !finite && Math.floor(i / WIDTH) % 7 === 3 && i % 11 === 0;
    return special ? SPECIAL[(i / 11) % SPECIAL.length] : value;
  });
}

let bytes = 0;

function add(hash: Hash, ...arrays: (ArrayBufferView | number[])[]): void {
  for (const array of arrays) {
    const view = Array.isArray(array) ? Float64Array.from(array) : array;
    const isFloat = view instanceof Float32Array || view instanceof Float64Array;
    const same = isFloat ? withOneNaN(view) : view;
    hash.update(new Uint8Array(same.buffer, same.byteOffset, same.byteLength));
    bytes += same.byteLength;
  }
}

function withOneNaN(values: Float32Array | Float64Array): ArrayBufferView {
  const copy = new Uint8Array(values.slice().buffer);
  const size = values.BYTES_PER_ELEMENT;
  values.forEach((value, i) => {
    if (Number.isNaN(value)) copy.fill(0xff, i * size, (i + 1) * size);
  });
  return copy;
}

type Section = (hash: Hash) => void;

const rule = (rounding: Rounding, arithmetic: CodeRule['arithmetic'], codeMin: number): CodeRule => ({
  codeMin,
  codeMax: codeMin === 0 ? 255 : 127,
  rounding,
  arithmetic,
  seed: 12345,
  position: 2 ** 32 - 1000,
});

function reductions(kernels: Kernels, hash: Hash): void {
  const x = numbers(1, COUNT, false);
  const [low, high, most] = [0, 1, 2].map(() => new Float32Array(RUNS));
  const sums = new Float64Array(2 * RUNS);
  kernels.absmaxRuns(most, x, ROWS, WIDTH, RUN);
  kernels.minmaxRuns(low, high, x, ROWS, WIDTH, RUN);
  kernels.momentsRuns(sums, x, ROWS, WIDTH, RUN);
  const columns = [0, 1, 2].map(() => new Float32Array(WIDTH));
  kernels.absmaxColumns(columns[0], x, ROWS, WIDTH);
  kernels.minmaxColumns(columns[1], columns[2], x, ROWS, WIDTH);
  add(hash, most, low, high, sums, ...columns, [kernels.firstNonFinite(x)]);
  const y = numbers(2, COUNT, true);
  const z = numbers(3, COUNT, true);
  const { maxAbs, sumSquaredError, sumSquaredA, sumSquaredB, dot } = kernels.errorSums(y, z);
  add(hash, [maxAbs, sumSquaredError, sumSquaredA, sumSquaredB, dot]);
}

function affine(kernels: Kernels, hash: Hash): void {
  const x = numbers(4, COUNT, false);
  const scale = numbers(5, RUNS, true).map((value) => Math.abs(value) / 30 + 0.001);
  const zeroPoint = Int32Array.from(numbers(6, RUNS, true), (value) => value * 20);
  for (const rounding of ROUNDINGS) {
    for (const arithmetic of ['reciprocal', 'division'] as const) {
      for (const Codes of [Int8Array, Uint8Array]) {
        const codes = new Codes(COUNT);
        const out = new Float32Array(COUNT);
        const how = rule(rounding, arithmetic, Codes === Int8Array ? -128 : 0);
        kernels.quantizeRuns(codes, x, scale, zeroPoint, ROWS, WIDTH, RUN, how);
        kernels.dequantizeRuns(out, codes, scale, zeroPoint, ROWS, WIDTH, RUN);
        add(hash, codes, out);
        kernels.quantizeColumns(codes, x, scale, null, ROWS, WIDTH, how);
        kernels.dequantizeColumns(out, codes, scale, null, ROWS, WIDTH);
        add(hash, codes, out);
      }
    }
  }
}

function packing(kernels: Kernels, hash: Hash): void {
  const codes = Int8Array.from(numbers(7, COUNT, true), (value) => value * 40);
  for (let bits = 1; bits <= 8; bits++) {
    const packed = new Uint8Array(Math.ceil((COUNT * bits) / 8));
    const again = new Int8Array(COUNT);
    const least = -(2 ** (bits - 1));
    const cut = codes.map((code) => Math.max(least, Math.min(-least - 1, code)));
    kernels.packBits(packed, cut, COUNT, bits, least);
    kernels.unpackBits(again, packed, COUNT, bits, least);
    add(hash, packed, again);
  }
}

function codebooks(kernels: Kernels, hash: Hash): void {
  const x = numbers(13, COUNT, false);
  const scale = numbers(14, Math.ceil(COUNT / RUN), false);
  const thresholds = (count: number): F32 =>
    Float32Array.from({ length: count }, (_, i) => (2 * i - count) / count);
  const packed = new Uint8Array(Math.ceil(COUNT / 2));
  const codes = new Uint8Array(COUNT);
  const out = new Float32Array(COUNT);
  kernels.quantizeLevels4(
    packed,
    x,
    scale,
    RUN,
    thresholds(15),
    Uint8Array.from({ length: 16 }, (_, i) => i),
  );
  kernels.dequantizeLevels4(out, packed, scale, RUN, numbers(15, 16, true));
  add(hash, packed, out);
  kernels.quantizeLevels(
    codes,
    x,
    scale,
    RUN,
    thresholds(255),
    Uint8Array.from({ length: 256 }, (_, i) => i),
  );
  kernels.dequantizeLevels(out, codes, scale, RUN, numbers(16, 256, true));
  add(hash, codes, out);
}

function fused(kernels: Kernels, hash: Hash): void {
  const x = numbers(8, 64 * RUN, false);
  for (const dtype of ['float32', 'float16', 'bfloat16'] as const) {
    const packed = new Uint8Array(x.length / 2);
    const scale = new Float32Array(x.length / RUN);
    const out = new Float32Array(x.length);
    kernels.quantizePackRuns4(packed, scale, x, scale.length, RUN, 7.5, dtype, -8, 7);
    kernels.dequantizePackedRuns4(out, packed, scale, null, scale.length, RUN, -8);
    add(hash, packed, scale, out);
  }
}

function halves(kernels: Kernels, hash: Hash): void {
  const x = numbers(9, COUNT, false);
  const every = Uint16Array.from({ length: 65536 }, (_, i) => i);
  for (const name of ['Float16', 'Bfloat16'] as const) {
    const codes = new Uint16Array(COUNT);
    const out = new Float32Array(65536);
    kernels[`encode${name}`](
      codes,
      x.map((value) => (Number.isNaN(value) ? 0 : value)),
    );
    kernels[`decode${name}`](out, every);
    add(hash, codes, out);
  }
}

function blocks(kernels: Kernels, hash: Hash): void {
  const x = numbers(17, 64 * RUN, false);
  const factor = numbers(18, 64, true);
  const out = new Float32Array(x.length);
  for (const element of ['float8_e4m3fn', 'float8_e5m2', 'float6_e3m2fn', 'float4_e2m1fn'] as const) {
    for (const arithmetic of ['product', 'quotient'] as const) {
      const codes = new Uint8Array(x.length);
      kernels.encodeFloatRuns(codes, x, factor, 64, RUN, RUN, element, arithmetic);
      kernels.decodeFloatRuns(out, codes, factor, 64, RUN, RUN, element);
      add(hash, codes, out);
    }
  }
  for (const mode of SCALE_MODES) {
    const packed = new Uint8Array(x.length / 2);
    const scale = new Uint8Array(64);
    kernels.quantizePackMx4(packed, scale, x, 64, RUN, powerRule(mode, topOf('float4_e2m1fn')));
    kernels.decodePackedFloatRuns4(out, packed, factor, 64, RUN);
    add(hash, packed, scale, out);
  }
}

const FAMILIES = { reductions, affine, codebooks, packing, fused, halves, blocks };

const GRANULARITIES: readonly Granularity[] = [
  { kind: 'tensor' },
  { kind: 'axis', axis: 0 },
  { kind: 'axis', axis: 1 },
  { kind: 'group', axis: 1, groupSize: RUN },
  { kind: 'group', axis: 0, groupSize: 5 },
  { kind: 'block', blockShape: [8, 16] },
  { kind: 'token' },
];

function* settings(): Generator<AffineOptions> {
  for (const bits of [1, 2, 3, 4, 5, 6, 7, 8, 16] as Bits[]) {
    for (const mapping of ['symmetric', 'symmetricFull', 'asymmetric'] as Mapping[]) {
      if (bits === 1 && mapping === 'symmetric') continue;
      for (const granularity of GRANULARITIES) yield { bits, mapping, granularity };
    }
  }
  for (const rounding of ROUNDINGS) yield { bits: 4, rounding, seed: 99 };
  for (const scaleDtype of ['float16', 'bfloat16'] as const) {
    for (const granularity of GRANULARITIES) yield { bits: 4, scaleDtype, granularity };
  }
  for (const scaleMethod of ['percentile', 'mse', 'hqq'] as const) {
    for (const mapping of ['symmetric', 'asymmetric'] as const) {
      yield { bits: 4, scaleMethod, mapping, granularity: { kind: 'axis', axis: 0 } };
    }
  }
  yield { bits: 8, arithmetic: 'division', granularity: { kind: 'axis', axis: 1 } };
}

function quantization(hash: Hash): void {
  const x = { data: numbers(10, COUNT, true), shape: [ROWS, WIDTH] };
  for (const options of settings()) {
    const q = quantizeAffine(x, options);
    const bound = errorBound(q);
    const error = measureError(x, q);
    add(hash, toBytes(q), decompress(q).data as F32, [bound.maxAbs, bound.l2]);
    add(hash, [error.maxAbs, error.l2, error.relativeL2, error.mse]);
  }
  const { values, gradMask } = fakeQuantize(x, { bits: 4, mapping: 'asymmetric', rangeMin: -1, rangeMax: 1 });
  add(hash, values, gradMask);
}

function casts(hash: Hash): void {
  const x = numbers(11, COUNT, true);
  for (const dtype of SMALL_FLOATS as readonly SmallFloat[]) {
    for (const rounding of ROUNDINGS) {
      add(
        hash,
        castFloat(dtype === 'float8_e8m0fnu' ? x.map(Math.abs) : x, dtype, {
          rounding,
          overflow: 'saturate',
          seed: 7,
        }),
      );
    }
    const bits = DTYPES[dtype].bits;
    const every = Array.from({ length: 2 ** bits }, (_, i) => i);
    add(hash, decodeFloat(bits === 16 ? Uint16Array.from(every) : Uint8Array.from(every), dtype));
  }
}

function files(hash: Hash): void {
  const x = numbers(12, COUNT, true);
  const shape = [ROWS, WIDTH];
  const tensors = [
    { name: 'w', dtype: 'float32' as const, shape, data: x },
    { name: 'half', dtype: 'float16' as const, shape, data: castFloat(x, 'float16') },
    { name: '__proto__', dtype: 'int8' as const, shape, data: Int8Array.from(x) },
  ];
  add(hash, writeSafetensors(tensors, new Map([['format', 'pt']])));
  add(hash, toBytes(quantizeFloat({ data: x, shape }, { dtype: 'float8_e4m3fn', overflow: 'saturate' })));
  for (const element of ['float8_e5m2', 'float6_e2m3fn', 'float4_e2m1fn', 'int8'] as const) {
    const c = quantizeMx({ data: x, shape }, { element, scaleMode: 'rceil' });
    add(hash, toBytes(c), decompress(c).data as F32, Object.values(errorBound(c)));
  }
  for (const levels of [1, 2] as const) add(hash, toBytes(quantizeNvfp4({ data: x, shape }, { levels })));
  add(
    hash,
    toBytes(quantizeFloat8({ data: x, shape }, { granularity: { kind: 'block', blockShape: [8, 16] } })),
  );
  for (const codebook of ['nf4', 'fp4', 'dynamic8', { kmeans: 16 }] as const) {
    add(hash, toBytes(quantizeCodebook({ data: x, shape }, { codebook, blockSize: 64, doubleQuant: true })));
  }
}

const digests: Record<string, string> = {};
function digest(name: string, section: Section): void {
  const hash = createHash('sha256');
  section(hash);
  digests[name] = hash.digest('hex');
}

for (const twin of ['reference', 'scalar', 'simd'] as const) {
  for (const [family, run] of Object.entries(FAMILIES)) {
    digest(`${family}, ${twin}`, (hash) => run(kernelsOf(twin), hash));
  }
}
for (const backend of ['scalar', 'simd'] as const) {
  setBackend(backend);
  digest(`quantizeAffine, ${backend}`, quantization);
  digest(`casts, ${backend}`, casts);
  digest(`files, ${backend}`, files);
}
const { node, v8 } = process.versions;
process.stdout.write(`${JSON.stringify({ node, v8, bytes, digests })}\n`);
