/** packAwq and unpackAwq: the GEMM layout of AutoAWQ's checkpoints. */
import type { F32, I32, U16, U8 } from '../core/arrays.js';
import { rangeError } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import type { NamedArray } from '../core/source.js';
import { checkStoredScales, matrixOf, readScales, storedScales, tensorOf } from './packing-matrix.js';
import { arrayOf, checkPrefix, mismatch, namesOf } from './packing-names.js';
import type { AffineCodes, NamedArrays } from './packing-types.js';

/** Which of eight neighbouring outputs lies in each nibble of a word, the lowest first: its kernel unpacks even and odd nibbles apart. */
const ORDER = [0, 2, 4, 6, 1, 3, 5, 7] as const;
const PER_WORD = ORDER.length;

export interface AwqPackingOptions {
  /** Put before every name, with its dot: 'model.layers.0.mlp.up_proj.'. Default ''. */
  readonly prefix?: string;
}

export interface AwqUnpackingOptions extends AwqPackingOptions {
  /** Inputs that share a scale: w_q_group_size of the configuration. Default inputs / groups, rounded up. */
  readonly groupSize?: number;
}

/**
 * Returns a weight as the three arrays of an AWQ checkpoint in its GEMM layout: qweight, qzeros and scales, ready for writeSafetensors.
 *
 * Formula: codes and zero points count from 0 (symmetric codes lie 8 higher). qweight [inputs, outputs / 8] int32 holds eight neighbouring outputs in the nibbles of a word, in
 * the order 0 2 4 6 1 3 5 7 from the lowest; qzeros [groups, outputs / 8] hold zero points the same way; scales [groups, outputs] are float16.
 *
 * Shapes: q is [outputs, inputs], PyTorch's order, of 4 bits; outputs a multiple of 8.
 *
 * Numerics: nothing is rounded.
 *
 * Cost: one pass.
 *
 * Compatible with: AutoAWQ 0.2.9, `WQLinear_GEMM`, to the byte. What unpackAwq returns goes into packGptq, and the other way round.
 *
 * @param q 4-bit codes in groups along rows, per row, or for the tensor, with float16 scales
 * @param options prefix
 * @throws TypeError or RangeError for arguments: other widths or shapes, scales that are no float16 numbers.
 * @example
 * const w = { data: Float32Array.from({ length: 512 }, (_, i) => (i % 37) - 18), shape: [8, 64] };
 * const q = quantizeAffine(w, { bits: 4, mapping: 'asymmetric', granularity: { kind: 'group', groupSize: 32 }, scaleDtype: 'float16' });
 * packAwq(q).map(({ name, shape }) => `${name} ${shape}`); // ['qweight 64,1', 'qzeros 2,1', 'scales 2,8']
 * @see unpackAwq
 */
export function packAwq(q: AffineCodes, options?: AwqPackingOptions): NamedArray[] {
  const fn = 'packAwq';
  const { prefix } = checkOptions(fn, options, ['prefix']);
  const head = checkPrefix(fn, prefix);
  const { rows, columns, bits, groups, codes, zeros, scales } = matrixOf(fn, q);
  if (bits !== 4) throw rangeError(fn, 'q.bits', '4', bits, 'the GEMM layout has no other width');
  if (rows % PER_WORD !== 0)
    throw rangeError(fn, 'q.shape', 'outputs in eights', [rows, columns], 'pad the weights');
  const ordered = new Float32Array(groups * rows);
  for (let r = 0; r < rows; r++) {
    for (let g = 0; g < groups; g++) ordered[g * rows + r] = scales[r * groups + g];
  }
  const words = rows / PER_WORD;
  return [
    {
      name: `${head}qweight`,
      dtype: 'int32',
      shape: [columns, words],
      data: packOutputs(codes, rows, columns),
    },
    { name: `${head}qzeros`, dtype: 'int32', shape: [groups, words], data: packOutputs(zeros, rows, groups) },
    {
      name: `${head}scales`,
      dtype: 'float16',
      shape: [groups, rows],
      data: storedScales(fn, ordered, 'float16'),
    },
  ];
}

/** [rows, columns] codes as [columns, rows / 8] words. */
function packOutputs(codes: U8, rows: number, columns: number): I32 {
  const perColumn = rows / PER_WORD;
  const words = new Int32Array(columns * perColumn);
  for (let c = 0; c < columns; c++) {
    for (let w = 0; w < perColumn; w++) {
      let word = 0;
      ORDER.forEach((output, nibble) => {
        word |= codes[(w * PER_WORD + output) * columns + c] << (4 * nibble);
      });
      words[c * perColumn + w] = word;
    }
  }
  return words;
}

function unpackOutputs(words: I32, rows: number, columns: number): U8 {
  const perColumn = rows / PER_WORD;
  const codes = new Uint8Array(rows * columns);
  for (let c = 0; c < columns; c++) {
    for (let w = 0; w < perColumn; w++) {
      const word = words[c * perColumn + w];
      ORDER.forEach((output, nibble) => {
        codes[(w * PER_WORD + output) * columns + c] = (word >>> (4 * nibble)) & 15;
      });
    }
  }
  return codes;
}

/**
 * Returns the weight that three arrays of an AWQ checkpoint hold, as dequantizeAffine takes it.
 *
 * Formula: the inverse of packAwq.
 *
 * Shapes: [outputs, inputs].
 *
 * Numerics: nothing is rounded. `overflow` of the result is the largest float64: nothing is known about the distance to the weights.
 *
 * Cost: one pass.
 *
 * Compatible with: what packAwq is.
 *
 * @param arrays those of the layer, others are ignored unless they begin with the prefix
 * @param options groupSize, prefix
 * @throws TypeError or RangeError for arguments; FormatError PACKED_ARRAYS for arrays that are missing or do not fit together, PACKED_SCALE for scales that are
 * not finite.
 * @example
 * const w = { data: Float32Array.from({ length: 512 }, (_, i) => (i % 37) - 18), shape: [8, 64] };
 * const q = quantizeAffine(w, { bits: 4, mapping: 'asymmetric', granularity: { kind: 'group', groupSize: 32 }, scaleDtype: 'float16' });
 * unpackAwq(packAwq(q)).codes.join() === q.codes.join(); // true
 * @see packAwq
 */
export function unpackAwq(arrays: NamedArrays, options?: AwqUnpackingOptions): AffineCodes {
  const fn = 'unpackAwq';
  const { prefix, groupSize } = checkOptions(fn, options, ['prefix', 'groupSize']);
  const found = namesOf(fn, arrays, checkPrefix(fn, prefix));
  const scales = arrayOf(fn, found, 'scales', ['float16', 'bfloat16', 'float32'], [-1, -1]);
  const [groups, rows] = scales.shape;
  if (rows % PER_WORD !== 0) throw mismatch(fn, 'scales', 'outputs in eights', `${rows} outputs`);
  const words = rows / PER_WORD;
  const qweight = arrayOf(fn, found, 'qweight', ['int32'], [-1, words]);
  const qzeros = arrayOf(fn, found, 'qzeros', ['int32'], [groups, words]).data as I32;
  const [columns] = qweight.shape;
  const size = groupSize ?? Math.ceil(columns / groups);
  if (!(Number.isInteger(size) && size > 0 && Math.ceil(columns / size) === groups)) {
    throw mismatch(fn, 'scales', `a row per ${size} of ${columns} inputs`, `${groups} rows`);
  }
  const values = readScales(scales.data as F32 | U16, scales.dtype);
  const ordered = new Float32Array(rows * groups);
  for (let r = 0; r < rows; r++) {
    for (let g = 0; g < groups; g++) ordered[r * groups + g] = values[g * rows + r];
  }
  const m = {
    rows,
    columns,
    bits: 4,
    groupSize: size,
    groups,
    codes: unpackOutputs(qweight.data as I32, rows, columns),
    scales: checkStoredScales(fn, 'scales', ordered),
    zeros: unpackOutputs(qzeros, rows, groups),
  };
  return tensorOf(m, scales.dtype as 'float16' | 'bfloat16' | 'float32');
}
