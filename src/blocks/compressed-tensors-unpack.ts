/** unpackCompressedTensors: weights out of the checkpoints of compressed-tensors. */
import type { F32, I32, I8, U16, U8 } from '../core/arrays.js';
import type { DType } from '../core/dtype.js';
import { checkChoice, checkInteger, checkOptions } from '../core/options.js';
import type { NamedArray } from '../core/source.js';
import type {
  CompressedTensorsFormat,
  CompressedTensorsUnpackingOptions,
  Float8Codes,
  MxCodes,
  Nvfp4Codes,
  UnpackedCompressedTensors,
} from './compressed-tensors-types.js';
import { checkStoredScales, moveColumns, orderOf, readScales, tensorOf } from './packing-matrix.js';
import { arrayOf, checkPrefix, mismatch, namesOf } from './packing-names.js';
import type { AffineCodes, AffineGranularity, NamedArrays } from './packing-types.js';
import { unpackLine, wordsFor } from './packing-words.js';

const FN = 'unpackCompressedTensors';
const FORMATS = [
  'pack-quantized',
  'int-quantized',
  'float-quantized',
  'nvfp4-pack-quantized',
  'mxfp4-pack-quantized',
] as const;
const SCALE_TYPES: readonly DType[] = ['float32', 'float16', 'bfloat16'];

type Found = ReadonlyMap<string, NamedArray>;

/**
 * Returns the weight that arrays of a compressed-tensors checkpoint hold, as the decoder of its kind takes it.
 *
 * Formula: the inverse of packCompressedTensors; tensorScale = 1 / weight_global_scale.
 *
 * Shapes: [outputs, inputs]. Where weight_g_idx mixes groups, columns are reordered so that groups follow each other; `inputOrder` says how.
 *
 * Numerics: nothing is rounded but tensorScale, once, to float32. `overflow` of affine and NVFP4 results is the largest float64: nothing is known about the distance to
 * the weights. An MXFP4 result says 'even' of its scales, compressed-tensors' own rule.
 *
 * Cost: one pass.
 *
 * Compatible with: what packCompressedTensors is.
 *
 * @param arrays those of the layer, others are ignored unless they begin with the prefix
 * @param options format, bits, groupSize, prefix
 * @throws TypeError or RangeError for arguments; FormatError PACKED_ARRAYS for arrays that are missing or do not fit together, PACKED_GROUPS for a weight_g_idx that
 * names other groups or fills them unequally, PACKED_SCALE for scales that are not finite (below 0 for floats).
 * @example
 * const w = { data: Float32Array.from({ length: 64 }, (_, i) => i - 32), shape: [2, 32] };
 * const q = quantizeAffine(w, { bits: 4, mapping: 'symmetricFull', granularity: { kind: 'group', groupSize: 16 } });
 * const { tensor } = unpackCompressedTensors(packCompressedTensors(q), { format: 'pack-quantized', bits: 4 });
 * tensor.codes.join() === q.codes.join(); // true
 * @see packCompressedTensors
 */
export function unpackCompressedTensors<F extends CompressedTensorsFormat>(
  arrays: NamedArrays,
  options: CompressedTensorsUnpackingOptions<F>,
): UnpackedCompressedTensors<F> {
  const settings = checkOptions(FN, options, ['format', 'bits', 'groupSize', 'prefix']);
  const format = checkChoice<CompressedTensorsFormat>(FN, 'format', settings.format, FORMATS);
  const found = namesOf(FN, arrays, checkPrefix(FN, settings.prefix));
  return unpack(format, found, settings) as UnpackedCompressedTensors<F>;
}

function unpack(
  format: CompressedTensorsFormat,
  found: Found,
  { bits, groupSize }: { readonly bits?: number; readonly groupSize?: number },
): UnpackedCompressedTensors<CompressedTensorsFormat> {
  const size = groupSize === undefined ? null : checkInteger(FN, 'groupSize', groupSize, 1, 2 ** 31);
  switch (format) {
    case 'pack-quantized':
      return unpackPacked(found, checkInteger(FN, 'bits', bits, 1, 8), size);
    case 'int-quantized':
      return unpackWhole(found, size);
    case 'float-quantized':
      return { tensor: unpackFloat8(found), inputOrder: null };
    case 'nvfp4-pack-quantized':
      return { tensor: unpackNvfp4(found), inputOrder: null };
    case 'mxfp4-pack-quantized':
      return { tensor: unpackMx(found), inputOrder: null };
  }
}

interface Affine {
  readonly tensor: AffineCodes;
  readonly inputOrder: I32 | null;
}

function unpackPacked(found: Found, bits: number, groupSize: number | null): Affine {
  const shape = arrayOf(FN, found, 'weight_shape', ['int64', 'int32'], [2]).data;
  const [rows, columns] = Array.from(shape as ArrayLike<number | bigint>, Number);
  if (!(Number.isSafeInteger(rows) && Number.isSafeInteger(columns) && rows >= 0 && columns >= 0)) {
    throw mismatch(FN, 'weight_shape', 'two lengths', `[${rows}, ${columns}]`);
  }
  const perRow = wordsFor(columns, bits, 'whole');
  const packed = arrayOf(FN, found, 'weight_packed', ['int32'], [rows, perRow]).data as I32;
  const codes = new Uint8Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const to = { from: r * columns, step: 1, count: columns };
    unpackLine(codes, to, packed, { base: r * perRow, stride: 1 }, bits, 'whole');
  }
  const { scales, groups, dtype } = scalesOf(found, rows);
  const zeros = new Uint8Array(rows * groups).fill(2 ** (bits - 1));
  if (found.has('weight_zero_point')) {
    const words = arrayOf(FN, found, 'weight_zero_point', ['int32'], [wordsFor(rows, bits, 'whole'), groups]);
    for (let g = 0; g < groups; g++) {
      const to = { from: g, step: groups, count: rows };
      unpackLine(zeros, to, words.data as I32, { base: g, stride: groups }, bits, 'whole');
    }
  }
  return affineOf(found, { rows, columns, bits, codes, scales, zeros, groups }, groupSize, dtype);
}

function unpackWhole(found: Found, groupSize: number | null): Affine {
  const weight = arrayOf(FN, found, 'weight', ['int8'], [-1, -1]);
  const [rows, columns] = weight.shape;
  const { scales, groups, dtype, isTensor } = scalesOf(found, rows);
  const zeros = new Uint8Array(rows * groups).fill(128);
  if (found.has('weight_zero_point')) {
    const shape = isTensor ? [1] : [rows, groups];
    const stored = arrayOf(FN, found, 'weight_zero_point', ['int8'], shape).data as I8;
    for (let r = 0; r < zeros.length; r++) zeros[r] = stored[isTensor ? 0 : r] + 128;
  }
  const codes = Uint8Array.from(weight.data as I8, (code) => code + 128);
  return affineOf(found, { rows, columns, bits: 8, codes, scales, zeros, groups }, groupSize, dtype);
}

interface StoredScales {
  readonly scales: F32;
  readonly groups: number;
  readonly dtype: 'float32' | 'float16' | 'bfloat16';
  /** One scale for all. */
  readonly isTensor: boolean;
}

function scalesOf(found: Found, rows: number): StoredScales {
  const array = arrayOf(FN, found, 'weight_scale', SCALE_TYPES, null);
  const values = checkStoredScales(FN, 'weight_scale', readScales(array.data as F32 | U16, array.dtype));
  const dtype = array.dtype as StoredScales['dtype'];
  const { shape } = array;
  if (values.length === 1 && shape.length <= 1) {
    return { scales: new Float32Array(rows).fill(values[0]), groups: 1, dtype, isTensor: true };
  }
  if (shape.length !== 2 || shape[0] !== rows) {
    throw mismatch(FN, 'weight_scale', `[1] or [${rows}, ?]`, `[${shape.join(', ')}]`);
  }
  return { scales: values, groups: shape[1], dtype, isTensor: false };
}

interface Parts {
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
  readonly codes: U8;
  readonly scales: F32;
  readonly zeros: U8;
  readonly groups: number;
}

function affineOf(found: Found, m: Parts, given: number | null, dtype: StoredScales['dtype']): Affine {
  const { columns, groups } = m;
  const groupSize = given ?? Math.ceil(columns / groups);
  if (groups !== 1 && Math.ceil(columns / groupSize) !== groups) {
    throw mismatch(FN, 'weight_scale', `a column per ${groupSize} of ${columns} inputs`, `${groups} columns`);
  }
  const size = groups === 1 ? columns : groupSize;
  if (!found.has('weight_g_idx'))
    return { tensor: tensorOf({ ...m, groupSize: size }, dtype), inputOrder: null };
  const groupOf = arrayOf(FN, found, 'weight_g_idx', ['int32'], [columns]).data as I32;
  const inputOrder = orderOf(FN, groupOf, size, groups);
  const codes = inputOrder === null ? m.codes : moveColumns(m.codes, columns, inputOrder, 'from');
  return { tensor: tensorOf({ ...m, codes, groupSize: size }, dtype), inputOrder };
}

function unpackFloat8(found: Found): Float8Codes {
  const weight = arrayOf(FN, found, 'weight', ['float8_e4m3fn', 'float8_e5m2'], [-1, -1]);
  const array = arrayOf(FN, found, 'weight_scale', SCALE_TYPES, null);
  const scale = checkStoredScales(FN, 'weight_scale', readScales(array.data as F32 | U16, array.dtype));
  const below = scale.findIndex((s) => s < 0);
  if (below >= 0) throw mismatch(FN, 'weight_scale', 'numbers >= 0', `${scale[below]} at index ${below}`);
  const [rows, columns] = weight.shape;
  return {
    kind: 'float8',
    codes: weight.data as U8,
    scale,
    dtype: weight.dtype as Float8Codes['dtype'],
    granularity: granularityOf(array.shape, rows, columns),
    shape: [rows, columns],
  };
}

/** Which elements share a scale, where the shape of the scales says it; blocks are as large as divides evenly. */
function granularityOf(shape: readonly number[], rows: number, columns: number): AffineGranularity {
  if (shape.length <= 1 && (shape[0] ?? 1) === 1) return { kind: 'tensor' };
  const [down, across] = shape;
  if (shape.length === 2 && down > 0 && across > 0) {
    const height = Math.ceil(rows / down);
    const width = Math.ceil(columns / across);
    if (down === rows && across === 1) return { kind: 'axis', axis: 0 };
    if (Math.ceil(rows / height) === down && Math.ceil(columns / width) === across) {
      return down === rows
        ? { kind: 'group', axis: -1, groupSize: width }
        : { kind: 'block', blockShape: [height, width] };
    }
  }
  throw mismatch(FN, 'weight_scale', `scales of ${rows} x ${columns} weights`, `[${shape.join(', ')}]`);
}

function unpackNvfp4(found: Found): Nvfp4Codes {
  const packed = arrayOf(FN, found, 'weight_packed', ['uint8'], [-1, -1]);
  const [rows, columns] = [packed.shape[0], packed.shape[1] * 2];
  const scales = arrayOf(FN, found, 'weight_scale', ['float8_e4m3fn'], [rows, columns / 16]);
  const global = (arrayOf(FN, found, 'weight_global_scale', ['float32'], null).data as F32)[0];
  const tensorScale = Math.fround(1 / global);
  if (!(tensorScale > 0 && tensorScale < Infinity)) {
    throw mismatch(FN, 'weight_global_scale', 'a number above 0', String(global));
  }
  return {
    kind: 'nvfp4',
    codes: packed.data as U8,
    scales: scales.data as U8,
    tensorScale,
    levels: 2,
    shape: [rows, columns],
    overflow: Number.MAX_VALUE,
  };
}

function unpackMx(found: Found): MxCodes {
  const packed = arrayOf(FN, found, 'weight_packed', ['uint8'], [-1, -1]);
  const [rows, columns] = [packed.shape[0], packed.shape[1] * 2];
  const scales = arrayOf(FN, found, 'weight_scale', ['uint8', 'float8_e8m0fnu'], [rows, columns / 32]);
  return {
    kind: 'mx',
    codes: packed.data as U8,
    scales: scales.data as U8,
    element: 'float4_e2m1fn',
    blockSize: 32,
    scaleMode: 'even',
    shape: [rows, columns],
  };
}
