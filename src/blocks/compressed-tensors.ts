/** packCompressedTensors: weights as the checkpoints of compressed-tensors (vLLM, llm-compressor) hold them. */
import { arrayTag } from '../core/array-tag.js';
import type { F32, I8, U8 } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import { checkAttached } from '../core/numbers.js';
import { checkChoice, checkOptions, isPlainObject } from '../core/options.js';
import { elementCount } from '../core/shape.js';
import type { NamedArray } from '../core/source.js';
import type {
  CompressedTensorsCodes,
  CompressedTensorsPackingOptions,
  Float8Codes,
  MxCodes,
  Nvfp4Codes,
} from './compressed-tensors-types.js';
import { checkOrder, matrixOf, moveColumns, storedScales, type CodeMatrix } from './packing-matrix.js';
import { checkPrefix } from './packing-names.js';
import type { AffineCodes } from './packing-types.js';
import { packLine, wordsFor } from './packing-words.js';

const FN = 'packCompressedTensors';

/**
 * Returns a weight as the named arrays of a compressed-tensors checkpoint, ready for writeSafetensors.
 *
 * Formula: by the kind of q:
 * affine, pack-quantized: weight_packed [outputs, words] int32 with floor(32 / bits) codes to a word, the first in the lowest bits, symmetric codes 2^(bits - 1) higher;
 * weight_shape int64; weight_scale; for asymmetric codes weight_zero_point, packed the same way along the outputs; weight_g_idx where inputs are reordered.
 * affine, int-quantized: weight int8 (asymmetric codes 128 lower), weight_scale, for asymmetric codes weight_zero_point int8.
 * float8, float-quantized: weight and weight_scale.
 * nvfp4, nvfp4-pack-quantized: weight_packed uint8, two codes to a byte, the first in the low nibble; weight_scale float8_e4m3fn; weight_global_scale = 1 / tensorScale.
 * mx of float4_e2m1fn in blocks of 32, mxfp4-pack-quantized: weight_packed, and weight_scale uint8, the exponents plus 127.
 *
 * Shapes: q is [outputs, inputs]. weight_scale is [1] for the tensor, [outputs, 1] per row, [outputs, groups], or [block rows, block columns]. NVFP4 and MXFP4 need whole blocks.
 *
 * Numerics: nothing is rounded but weight_global_scale, once, to float32: values read with it differ by up to 2^-23 of themselves. Affine scales are stored in
 * q.scaleDtype.
 *
 * Cost: one pass.
 *
 * Compatible with: compressed-tensors 52792be0 (October 2025): `pack_to_int32`, the NVFP4 packing and what the compressors name, to the byte.
 *
 * @param q what quantizeAffine (gptq, awq, hqq), quantizeFloat8, quantizeNvfp4 or quantizeMx made
 * @param options format, inputOrder, prefix
 * @throws TypeError or RangeError for arguments, and for tensors that the format cannot hold.
 * @example
 * const w = { data: Float32Array.from({ length: 64 }, (_, i) => i - 32), shape: [2, 32] };
 * const q = quantizeAffine(w, { bits: 4, mapping: 'symmetricFull', granularity: { kind: 'group', groupSize: 16 } });
 * packCompressedTensors(q).map(({ name, shape }) => `${name} ${shape}`); // ['weight_packed 2,4', 'weight_shape 2', 'weight_scale 2,2']
 * @see unpackCompressedTensors
 */
export function packCompressedTensors(
  q: CompressedTensorsCodes,
  options?: CompressedTensorsPackingOptions,
): NamedArray[] {
  const { format, inputOrder, prefix } = checkOptions(FN, options, ['format', 'inputOrder', 'prefix']);
  const head = checkPrefix(FN, prefix);
  if (!isPlainObject(q)) throw typeError(FN, 'q', 'a compressed tensor', q, 'make it with quantizeAffine');
  const kind = checkChoice(FN, 'q.kind', q.kind, ['affine', 'float8', 'nvfp4', 'mx']);
  if (kind !== 'affine' && (format !== undefined || inputOrder !== undefined)) {
    throw rangeError(FN, 'options', 'only a prefix for this kind of tensor', kind, 'leave the others out');
  }
  return arraysOf(q, format, inputOrder).map((array) => ({ ...array, name: head + array.name }));
}

function arraysOf(
  q: CompressedTensorsCodes,
  format: CompressedTensorsPackingOptions['format'],
  inputOrder: CompressedTensorsPackingOptions['inputOrder'],
): NamedArray[] {
  switch (q.kind) {
    case 'affine': {
      const known = ['pack-quantized', 'int-quantized'] as const;
      return packAffine(q, checkChoice(FN, 'format', format ?? 'pack-quantized', known), inputOrder);
    }
    case 'float8':
      return packFloat8(q);
    case 'nvfp4':
      return packNvfp4(q);
    case 'mx':
      return packMx(q);
  }
}

function packAffine(
  q: AffineCodes,
  format: 'pack-quantized' | 'int-quantized',
  inputOrder: unknown,
): NamedArray[] {
  const m = matrixOf(FN, q);
  const { rows, columns } = m;
  const order = inputOrder === undefined ? null : checkOrder(FN, inputOrder, columns);
  const codes = order === null ? m.codes : moveColumns(m.codes, columns, order, 'to');
  const isTensor = q.granularity.kind === 'tensor';
  const arrays =
    format === 'pack-quantized' ? packedArrays(m, codes, isTensor) : wholeArrays(m, codes, isTensor);
  const dtype = q.scaleDtype === 'float64' ? 'float32' : q.scaleDtype;
  const scales = isTensor ? (q.scale as F32) : m.scales;
  const shape = isTensor ? [1] : [rows, m.groups];
  arrays.push({ name: 'weight_scale', dtype, shape, data: storedScales(FN, scales, dtype) });
  if (order !== null) {
    const groupOf = new Int32Array(columns);
    order.forEach((input, i) => (groupOf[input] = Math.floor(i / m.groupSize)));
    arrays.push({ name: 'weight_g_idx', dtype: 'int32', shape: [columns], data: groupOf });
  }
  return arrays;
}

function packedArrays(m: CodeMatrix, codes: U8, isTensor: boolean): NamedArray[] {
  const { rows, columns, bits, groups, zeros, isSigned } = m;
  const perRow = wordsFor(columns, bits, 'whole');
  const packed = new Int32Array(rows * perRow);
  for (let r = 0; r < rows; r++) {
    const from = { from: r * columns, step: 1, count: columns };
    packLine(packed, { base: r * perRow, stride: 1 }, codes, from, bits, 'whole');
  }
  const shape = BigInt64Array.of(BigInt(rows), BigInt(columns));
  const arrays: NamedArray[] = [
    { name: 'weight_packed', dtype: 'int32', shape: [rows, perRow], data: packed },
    { name: 'weight_shape', dtype: 'int64', shape: [2], data: shape },
  ];
  if (isSigned) return arrays;
  if (isTensor) {
    const fix = 'pass one scale per row or group';
    throw rangeError(FN, 'q.granularity', 'scales per row or group beside zero points', 'tensor', fix);
  }
  const zeroRows = wordsFor(rows, bits, 'whole');
  const words = new Int32Array(zeroRows * groups);
  for (let g = 0; g < groups; g++) {
    const from = { from: g, step: groups, count: rows };
    packLine(words, { base: g, stride: groups }, zeros, from, bits, 'whole');
  }
  arrays.push({ name: 'weight_zero_point', dtype: 'int32', shape: [zeroRows, groups], data: words });
  return arrays;
}

function wholeArrays(m: CodeMatrix, codes: U8, isTensor: boolean): NamedArray[] {
  const { rows, columns, bits, groups, zeros, isSigned } = m;
  if (bits !== 8) throw rangeError(FN, 'q.bits', '8 for int-quantized', bits, "format: 'pack-quantized'");
  const arrays: NamedArray[] = [
    { name: 'weight', dtype: 'int8', shape: [rows, columns], data: signed(codes) },
  ];
  if (isSigned) return arrays;
  const data = signed(isTensor ? zeros.subarray(0, 1) : zeros);
  const shape = isTensor ? [1] : [rows, groups];
  arrays.push({ name: 'weight_zero_point', dtype: 'int8', shape, data });
  return arrays;
}

const signed = (codes: U8): I8 => Int8Array.from(codes, (code) => code - 128);

function matrixShape(shape: readonly number[], run: number): readonly [rows: number, columns: number] {
  const size = elementCount(shape, FN, 'q.shape');
  if (shape.length !== 2 || size === 0) {
    throw rangeError(FN, 'q.shape', 'a matrix that is not empty', shape, 'reshape the weights');
  }
  const [rows, columns] = shape;
  if (columns % run !== 0)
    throw rangeError(FN, 'q.shape', `whole blocks of ${run}`, shape, 'pad the weights');
  return [rows, columns];
}

function checkPart<T extends U8 | F32 | I8>(argument: string, array: T, tag: string, length: number): T {
  if (arrayTag(array) !== tag) throw typeError(FN, argument, `a ${tag}`, array, 'pass a quantized tensor');
  checkAttached(array, FN, argument);
  if (array.length === length) return array;
  throw rangeError(FN, argument, `${length} elements`, array.length, 'correct q.shape');
}

function packFloat8({ codes, scale, dtype, granularity, shape }: Float8Codes): NamedArray[] {
  const [rows, columns] = matrixShape(shape, 1);
  checkChoice(FN, 'q.dtype', dtype, ['float8_e4m3fn', 'float8_e5m2']);
  const scaleShape = scaleShapeOf(granularity, rows, columns);
  checkPart('q.codes', codes, 'Uint8Array', rows * columns);
  checkPart(
    'q.scale',
    scale,
    'Float32Array',
    scaleShape.reduce((a, b) => a * b, 1),
  );
  return [
    { name: 'weight', dtype, shape: [rows, columns], data: codes },
    { name: 'weight_scale', dtype: 'float32', shape: scaleShape, data: scale },
  ];
}

function scaleShapeOf(granularity: Float8Codes['granularity'], rows: number, columns: number): number[] {
  switch (granularity.kind) {
    case 'tensor':
      return [1];
    case 'token':
      return [rows, 1];
    case 'axis':
      if (granularity.axis === 0) return [rows, 1];
      break;
    case 'group':
      if ([undefined, 1, -1].includes(granularity.axis)) {
        return [rows, Math.ceil(columns / granularity.groupSize)];
      }
      break;
    case 'block': {
      const [height, width] = granularity.blockShape;
      return [Math.ceil(rows / height), Math.ceil(columns / width)];
    }
  }
  const expected = 'scales of the tensor, rows, groups along rows, or blocks';
  throw rangeError(FN, 'q.granularity', expected, granularity, 'pass weights as [outputs, inputs]');
}

function packNvfp4({ codes, scales, tensorScale, shape }: Nvfp4Codes): NamedArray[] {
  const [rows, columns] = matrixShape(shape, 16);
  checkPart('q.codes', codes, 'Uint8Array', (rows * columns) / 2);
  checkPart('q.scales', scales, 'Uint8Array', (rows * columns) / 16);
  const global = Math.fround(1 / tensorScale);
  if (!(global > 0 && global < Infinity)) {
    const fix = 'scale the weights up';
    throw rangeError(FN, 'q.tensorScale', 'a number whose reciprocal is a float32', tensorScale, fix);
  }
  return [
    { name: 'weight_packed', dtype: 'uint8', shape: [rows, columns / 2], data: codes },
    { name: 'weight_scale', dtype: 'float8_e4m3fn', shape: [rows, columns / 16], data: scales },
    { name: 'weight_global_scale', dtype: 'float32', shape: [1], data: Float32Array.of(global) },
  ];
}

function packMx({ codes, scales, element, blockSize, shape }: MxCodes): NamedArray[] {
  if (element !== 'float4_e2m1fn') {
    throw rangeError(FN, 'q.element', "'float4_e2m1fn'", element, 'the format has no other element');
  }
  if (blockSize !== 32) throw rangeError(FN, 'q.blockSize', '32', blockSize, 'the format has no other block');
  const [rows, columns] = matrixShape(shape, 32);
  checkPart('q.codes', codes, 'Uint8Array', (rows * columns) / 2);
  checkPart('q.scales', scales, 'Uint8Array', (rows * columns) / 32);
  return [
    { name: 'weight_packed', dtype: 'uint8', shape: [rows, columns / 2], data: codes },
    { name: 'weight_scale', dtype: 'uint8', shape: [rows, columns / 32], data: scales },
  ];
}
