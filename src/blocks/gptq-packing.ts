/** packGptq and unpackGptq: the layout of AutoGPTQ's and GPTQModel's checkpoints. */
import type { F32, I32, U16, U8 } from '../core/arrays.js';
import { FormatError, rangeError } from '../core/errors.js';
import { checkInteger, checkOptions } from '../core/options.js';
import type { NamedArray } from '../core/source.js';
import {
  checkOrder,
  checkStoredScales,
  matrixOf,
  moveColumns,
  orderOf,
  readScales,
  storedScales,
  tensorOf,
  type CodeMatrix,
} from './packing-matrix.js';
import { arrayOf, checkPrefix, namesOf } from './packing-names.js';
import type { AffineCodes, NamedArrays, UnpackedAffine } from './packing-types.js';
import { packLine, putInWords, takeFromWords, unpackLine } from './packing-words.js';

/** Widths that the tools have kernels for. */
const WIDTHS: readonly number[] = [2, 3, 4, 8];

export interface GptqPackingOptions {
  /** 1 (the default) stores zero points minus one, as AutoGPTQ did and every tool reads; 2 stores them as they are (checkpoint_format gptq_v2). */
  readonly version?: 1 | 2;
  /** Which input each column of q belongs to, for groups that do not follow each other; default column i is input i. */
  readonly inputOrder?: I32;
  /** Put before every name, with its dot: 'model.layers.0.mlp.up_proj.'. Default ''. */
  readonly prefix?: string;
}

export interface GptqUnpackingOptions {
  /** Bits per code: 2, 3, 4 or 8; quantize_config.json has them. */
  readonly bits: 2 | 3 | 4 | 8;
  /** As for packGptq. */
  readonly version?: 1 | 2;
  readonly prefix?: string;
}

/**
 * Returns a weight as the four arrays of a GPTQ checkpoint: qweight, qzeros, scales and g_idx, ready for writeSafetensors.
 *
 * Formula: codes count from 0 (symmetric codes lie 2^(bits - 1) higher, and that is their zero point). qweight [inputs * bits / 32, outputs] int32 holds a stream of
 * each output's codes along the inputs, lowest bits first; qzeros [groups, outputs * bits / 32] one of each group's zero points along the outputs; scales
 * [groups, outputs] are float16; g_idx [inputs] int32 names each input's group.
 *
 * Shapes: q is [outputs, inputs], PyTorch's order; both multiples of 32 / bits (32 for 3 bits).
 *
 * Numerics: nothing is rounded. Version 1 stores zero - 1 modulo 2^bits: readers that add 1 without the modulus see 2^bits for a zero point of 0.
 *
 * Cost: one pass.
 *
 * Compatible with: AutoGPTQ 0.8.0 (9f7d370), `QuantLinear.pack`, to the byte for zero points from 1 on; version 2 is GPTQModel's, by its published formula.
 *
 * @param q codes in groups along rows, per row, or for the tensor, with float16 scales
 * @param options version, inputOrder, prefix
 * @throws TypeError or RangeError for arguments: other widths or shapes, scales that are no float16 numbers.
 * @example
 * const w = { data: Float32Array.from({ length: 1024 }, (_, i) => (i % 37) - 18), shape: [32, 32] };
 * const q = quantizeAffine(w, { bits: 4, mapping: 'asymmetric', granularity: { kind: 'group', groupSize: 32 }, scaleDtype: 'float16' });
 * packGptq(q).map(({ name, shape }) => `${name} ${shape}`); // ['qweight 4,32', 'qzeros 1,4', 'scales 1,32', 'g_idx 32']
 * @see unpackGptq
 */
export function packGptq(q: AffineCodes, options?: GptqPackingOptions): NamedArray[] {
  const fn = 'packGptq';
  const { version = 1, inputOrder, prefix } = checkOptions(fn, options, ['version', 'inputOrder', 'prefix']);
  const minus = 2 - checkInteger(fn, 'version', version, 1, 2);
  const head = checkPrefix(fn, prefix);
  const m = matrixOf(fn, q);
  checkSizes(fn, m);
  const { rows, columns, bits, groups, groupSize } = m;
  const order = inputOrder === undefined ? null : checkOrder(fn, inputOrder, columns);
  const codes = order === null ? m.codes : moveColumns(m.codes, columns, order, 'to');
  const qweight = new Int32Array((columns * bits * rows) / 32);
  for (let r = 0; r < rows; r++) {
    packLine(
      qweight,
      { base: r, stride: rows },
      codes,
      { from: r * columns, step: 1, count: columns },
      bits,
      'stream',
    );
  }
  const words = (rows * bits) / 32;
  const qzeros = new Int32Array(groups * words);
  const scales = new Float32Array(groups * rows);
  for (let g = 0; g < groups; g++) {
    for (let r = 0; r < rows; r++) {
      const zero = (m.zeros[r * groups + g] - minus) & (2 ** bits - 1);
      putInWords(qzeros, { base: g * words, stride: 1 }, r, zero, bits, 'stream');
      scales[g * rows + r] = m.scales[r * groups + g];
    }
  }
  const groupOf = new Int32Array(columns);
  for (let i = 0; i < columns; i++) groupOf[order === null ? i : order[i]] = Math.floor(i / groupSize);
  return [
    { name: `${head}qweight`, dtype: 'int32', shape: [(columns * bits) / 32, rows], data: qweight },
    { name: `${head}qzeros`, dtype: 'int32', shape: [groups, words], data: qzeros },
    {
      name: `${head}scales`,
      dtype: 'float16',
      shape: [groups, rows],
      data: storedScales(fn, scales, 'float16'),
    },
    { name: `${head}g_idx`, dtype: 'int32', shape: [columns], data: groupOf },
  ];
}

function checkSizes(fn: string, { rows, columns, bits }: CodeMatrix): void {
  if (!WIDTHS.includes(bits))
    throw rangeError(fn, 'q.bits', '2, 3, 4 or 8', bits, 'quantize to one of these');
  const multiple = bits === 3 ? 32 : 32 / bits;
  if (rows % multiple !== 0 || columns % multiple !== 0) {
    const fix = 'pad the weights';
    throw rangeError(fn, 'q.shape', `multiples of ${multiple}`, [rows, columns], fix);
  }
}

/**
 * Returns the weight that four arrays of a GPTQ checkpoint hold, as dequantizeAffine takes it.
 *
 * Formula: the inverse of packGptq.
 *
 * Shapes: [outputs, inputs]. Where g_idx mixes groups (act-order), columns are reordered so that groups follow each other; `inputOrder` says how.
 *
 * Numerics: nothing is rounded. Zero points of version 1 are taken modulo 2^bits, so that a stored 2^bits - 1 is 0.
 *
 * Cost: one pass.
 *
 * Compatible with: what packGptq is.
 *
 * @param arrays those of the layer, others are ignored unless they begin with the prefix
 * @param options bits, version, prefix
 * @throws TypeError or RangeError for arguments; FormatError PACKED_ARRAYS for arrays that are missing or do not fit together, PACKED_GROUPS for a g_idx that
 * names other groups or fills them unequally, PACKED_SCALE for scales that are not finite.
 * @example
 * const w = { data: Float32Array.from({ length: 1024 }, (_, i) => (i % 37) - 18), shape: [32, 32] };
 * const q = quantizeAffine(w, { bits: 4, mapping: 'symmetricFull', granularity: { kind: 'group', groupSize: 16 }, scaleDtype: 'float16' });
 * unpackGptq(packGptq(q), { bits: 4 }).tensor.codes.join() === q.codes.join(); // true
 * @see packGptq
 */
export function unpackGptq(arrays: NamedArrays, options: GptqUnpackingOptions): UnpackedAffine {
  const fn = 'unpackGptq';
  const { bits, version = 1, prefix } = checkOptions(fn, options, ['bits', 'version', 'prefix']);
  if (bits === undefined || !WIDTHS.includes(bits)) {
    throw rangeError(fn, 'bits', '2, 3, 4 or 8', bits, 'quantize_config.json has them');
  }
  const plus = 2 - checkInteger(fn, 'version', version, 1, 2);
  const found = namesOf(fn, arrays, checkPrefix(fn, prefix));
  const scales = arrayOf(fn, found, 'scales', ['float16', 'bfloat16', 'float32'], [-1, -1]);
  const [groups, rows] = scales.shape;
  const qweight = arrayOf(fn, found, 'qweight', ['int32'], [-1, rows]);
  const columns = Math.floor((qweight.shape[0] * 32) / bits);
  const groupOf = arrayOf(fn, found, 'g_idx', ['int32'], [columns]).data as I32;
  const words = (rows * bits) / 32;
  const qzeros = arrayOf(fn, found, 'qzeros', ['int32'], [groups, words]).data as I32;
  const groupSize = groupSizeOf(fn, groupOf, groups);
  const codes = new Uint8Array(rows * columns);
  const zeros = new Uint8Array(rows * groups);
  const values: F32 = readScales(scales.data as F32 | U16, scales.dtype);
  const ordered = new Float32Array(rows * groups);
  for (let r = 0; r < rows; r++) {
    const to = { from: r * columns, step: 1, count: columns };
    unpackLine(codes, to, qweight.data as I32, { base: r, stride: rows }, bits, 'stream');
    for (let g = 0; g < groups; g++) {
      const zero = takeFromWords(qzeros, { base: g * words, stride: 1 }, r, bits, 'stream');
      zeros[r * groups + g] = (zero + plus) & (2 ** bits - 1);
      ordered[r * groups + g] = values[g * rows + r];
    }
  }
  const inputOrder = orderOf(fn, groupOf, groupSize, groups);
  const natural: U8 = inputOrder === null ? codes : moveColumns(codes, columns, inputOrder, 'from');
  const scale = checkStoredScales(fn, 'scales', ordered);
  const m = { rows, columns, bits, groupSize, groups, codes: natural, scales: scale, zeros };
  const dtype = scales.dtype as 'float16' | 'bfloat16' | 'float32';
  return { tensor: tensorOf(m, dtype), inputOrder };
}

/** Inputs of the first group: all groups but the last have as many. */
function groupSizeOf(fn: string, groupOf: I32, groups: number): number {
  let first = 0;
  for (const group of groupOf) if (group === 0) first++;
  const size = groups === 1 ? groupOf.length : first;
  if (size > 0 && Math.ceil(groupOf.length / size) === groups) return size;
  const message = `${fn}: "g_idx" expected ${groups} groups of equal size, got ${first} inputs in the first`;
  throw new FormatError('PACKED_GROUPS', message);
}
