/** AffineCodes as a matrix of whole codes from 0 on, which is how every packing sees them, and back. */
import { arrayTag } from '../core/array-tag.js';
import type { F32, I32, I8, U16, U8 } from '../core/arrays.js';
import type { DType } from '../core/dtype.js';
import { FormatError, rangeError, typeError } from '../core/errors.js';
import { checkAttached } from '../core/numbers.js';
import { isPlainObject } from '../core/options.js';
import { elementCount } from '../core/shape.js';
import { kernels } from '../kernels/dispatch.js';
import type { AffineCodes, AffineGranularity } from './packing-types.js';

const MADE_BY = 'make it with quantizeAffine';

/** The unknown distance between foreign codes and their weights: finite, so that it survives JSON. */
const UNKNOWN = Number.MAX_VALUE;

/** value[r, c] = scales[r, g] * (codes[r, c] - zeros[r, g]) with g = floor(c / groupSize). */
export interface CodeMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
  readonly groupSize: number;
  /** Groups of a row. */
  readonly groups: number;
  /** 0 .. 2^bits - 1, one per element. */
  readonly codes: U8;
  readonly scales: F32;
  readonly zeros: U8;
  /** Whether codes have a sign in the tensor, so that they lie 2^(bits - 1) higher here. */
  readonly isSigned: boolean;
}

/** The matrix of a tensor, after checking that its parts fit together and that it lies in groups along rows. */
export function matrixOf(fn: string, q: AffineCodes): CodeMatrix {
  if (!isPlainObject(q) || q.kind !== 'affine') throw typeError(fn, 'q', 'an AffineTensor', q, MADE_BY);
  const { bits } = q;
  if (!Number.isInteger(bits) || bits < 1 || bits > 8) {
    throw rangeError(fn, 'q.bits', '1 to 8', bits, 'quantize to fewer bits');
  }
  const size = elementCount(q.shape, fn, 'q.shape');
  if (q.shape.length !== 2 || size === 0) {
    throw rangeError(fn, 'q.shape', 'a matrix that is not empty', q.shape, 'reshape the weights');
  }
  const [rows, columns] = q.shape;
  const groupSize = groupSizeOf(fn, q.granularity, columns);
  const groups = Math.ceil(columns / groupSize);
  const isShared = q.granularity.kind === 'tensor';
  const regions = isShared ? 1 : rows * groups;
  checkFloats(fn, q.scale, regions);
  const scales = isShared ? new Float32Array(rows * groups).fill((q.scale as F32)[0]) : (q.scale as F32);
  const isSigned = q.codeMin < 0;
  const zeros = zerosOf(fn, q, regions, isSigned);
  return {
    rows,
    columns,
    bits,
    groupSize,
    groups,
    codes: codesOf(fn, q, size, isSigned),
    scales,
    zeros: isShared ? new Uint8Array(rows * groups).fill(zeros[0]) : zeros,
    isSigned,
  };
}

function groupSizeOf(fn: string, granularity: AffineGranularity, columns: number): number {
  switch (isPlainObject(granularity) ? granularity.kind : null) {
    case 'tensor':
    case 'token':
      return columns;
    case 'axis':
      if ((granularity as { axis: number }).axis === 0) return columns;
      break;
    case 'group': {
      const { axis = 1, groupSize } = granularity as { axis?: number; groupSize: number };
      if ((axis === 1 || axis === -1) && Number.isInteger(groupSize) && groupSize > 0) return groupSize;
      break;
    }
  }
  const expected = 'one scale for the tensor, per row, or per group along rows';
  throw rangeError(fn, 'q.granularity', expected, granularity, 'pass weights as [outputs, inputs]');
}

function checkFloats(fn: string, scale: unknown, length: number): void {
  if (arrayTag(scale) !== 'Float32Array') throw typeError(fn, 'q.scale', 'a Float32Array', scale, MADE_BY);
  checkAttached(scale as F32, fn, 'q.scale');
  const { length: got } = scale as F32;
  if (got !== length) throw rangeError(fn, 'q.scale', `${length} scales`, got, MADE_BY);
}

function codesOf(fn: string, q: AffineCodes, size: number, isSigned: boolean): U8 {
  const { bits, codeMin, codeMax } = q;
  const tag = bits === 8 && isSigned ? 'Int8Array' : 'Uint8Array';
  const length = bits === 8 ? size : Math.ceil((size * bits) / 8);
  if (arrayTag(q.codes) !== tag) throw typeError(fn, 'q.codes', `a ${tag}`, q.codes, MADE_BY);
  checkAttached(q.codes, fn, 'q.codes');
  if (q.codes.length !== length) throw rangeError(fn, 'q.codes', `${length} bytes`, q.codes.length, MADE_BY);
  const lift = isSigned ? 2 ** (bits - 1) : 0;
  const lowest = codeMin + lift;
  if (!(Number.isInteger(lowest) && lowest >= 0 && codeMax + lift < 2 ** bits && codeMax >= codeMin)) {
    throw rangeError(fn, 'q.codeMin', `codes of ${bits} bits`, [codeMin, codeMax], MADE_BY);
  }
  const codes = new Uint8Array(size);
  if (bits === 8) for (let i = 0; i < size; i++) codes[i] = q.codes[i] + lift;
  // A stream holds code - codeMin; unpackBits adds its last argument.
  else kernels().unpackBits(codes, q.codes as U8, size, bits, 0);
  const highest = codeMax + lift;
  for (let i = 0; i < size; i++) {
    if (bits < 8) codes[i] += lowest;
    if (codes[i] > highest) {
      throw rangeError(fn, `q.codes[${i}]`, `at most ${codeMax}`, codes[i] - lift, MADE_BY);
    }
  }
  return codes;
}

function zerosOf(fn: string, q: AffineCodes, regions: number, isSigned: boolean): U8 {
  const lift = isSigned ? 2 ** (q.bits - 1) : 0;
  if (q.zeroPoint === null) return new Uint8Array(regions).fill(lift);
  if (arrayTag(q.zeroPoint) !== 'Int32Array') {
    throw typeError(fn, 'q.zeroPoint', 'an Int32Array or null', q.zeroPoint, MADE_BY);
  }
  checkAttached(q.zeroPoint, fn, 'q.zeroPoint');
  if (q.zeroPoint.length !== regions) {
    throw rangeError(fn, 'q.zeroPoint', `${regions} zero points`, q.zeroPoint.length, MADE_BY);
  }
  return Uint8Array.from(q.zeroPoint, (zero, r) => {
    if (zero + lift >= 0 && zero + lift < 2 ** q.bits) return zero + lift;
    throw rangeError(fn, `q.zeroPoint[${r}]`, `one of the codes of ${q.bits} bits`, zero, MADE_BY);
  });
}

/** The tensor of a matrix. Where every zero point is the middle code, it is symmetric and codes have a sign. */
export function tensorOf(
  m: Omit<CodeMatrix, 'isSigned'>,
  scaleDtype: AffineCodes['scaleDtype'],
): AffineCodes {
  const { rows, columns, groupSize, groups, codes, scales, zeros } = m;
  const bits = m.bits as AffineCodes['bits'];
  const middle = 2 ** (bits - 1);
  const isSigned = bits > 1 && zeros.every((zero) => zero === middle);
  return {
    kind: 'affine',
    codes: bits === 8 ? wholeCodes(codes, isSigned) : stream(codes, bits),
    scale: scales,
    zeroPoint: isSigned ? null : Int32Array.from(zeros),
    bits,
    codeMin: isSigned ? -middle : 0,
    codeMax: isSigned ? middle - 1 : 2 ** bits - 1,
    mapping: isSigned ? 'symmetricFull' : 'asymmetric',
    granularity: groups <= 1 ? { kind: 'axis', axis: 0 } : { kind: 'group', axis: -1, groupSize },
    shape: [rows, columns],
    scaleDtype,
    rounding: 'halfEven',
    overflow: UNKNOWN,
  };
}

function wholeCodes(codes: U8, isSigned: boolean): I8 | U8 {
  return isSigned ? Int8Array.from(codes, (code) => code - 128) : codes;
}

function stream(codes: U8, bits: number): U8 {
  const packed = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  kernels().packBits(packed, codes, codes.length, bits, 0);
  return packed;
}

/** Scales in the type that a file stores; nothing may be rounded here, since codes were made for these scales. */
export function storedScales(fn: string, scales: F32, dtype: 'float32' | 'float16' | 'bfloat16'): F32 | U16 {
  if (dtype === 'float32') return scales;
  const codes = new Uint16Array(scales.length);
  if (dtype === 'float16') kernels().encodeFloat16(codes, scales);
  else kernels().encodeBfloat16(codes, scales);
  const back = readScales(codes, dtype);
  const index = scales.findIndex((scale, i) => !(scale === back[i]));
  if (index < 0) return codes;
  const fix = `quantize with scaleDtype '${dtype}'`;
  throw rangeError(fn, `q.scale[${index}]`, `a ${dtype} number`, scales[index], fix);
}

/** The values of stored scales. */
export function readScales(data: F32 | U16, dtype: DType): F32 {
  const values = new Float32Array(data.length);
  if (dtype === 'float16') kernels().decodeFloat16(values, data as U16);
  else if (dtype === 'bfloat16') kernels().decodeBfloat16(values, data as U16);
  else values.set(data);
  return values;
}

/** Scales that are numbers, or the error that names the first which is not. */
export function checkStoredScales(fn: string, name: string, scales: F32): F32 {
  const index = scales.findIndex((scale) => !Number.isFinite(scale));
  if (index < 0) return scales;
  throw new FormatError(
    'PACKED_SCALE',
    `${fn}: "${name}" expected finite scales, got ${scales[index]} at index ${index}`,
  );
}

/** Groups in the order of a g_idx, as the permutation that brings them together; null where they already follow each other. */
export function orderOf(fn: string, groupOf: I32, groupSize: number, groups: number): I32 | null {
  const counts = new Int32Array(groups);
  let isPlain = true;
  groupOf.forEach((group, i) => {
    if (!(group >= 0 && group < groups)) {
      throw new FormatError(
        'PACKED_GROUPS',
        `${fn}: "g_idx" expected 0 to ${groups - 1}, got ${group} at index ${i}`,
      );
    }
    counts[group]++;
    if (group !== Math.floor(i / groupSize)) isPlain = false;
  });
  if (isPlain) return null;
  const wrong = counts.findIndex((n, g) => n !== Math.min(groupSize, groupOf.length - g * groupSize));
  if (wrong >= 0) {
    const message = `${fn}: "g_idx" expected groups of ${groupSize}, got ${counts[wrong]} inputs in group ${wrong}`;
    throw new FormatError('PACKED_GROUPS', message);
  }
  const next = Int32Array.from(counts, (_, g) => g * groupSize);
  const order = new Int32Array(groupOf.length);
  groupOf.forEach((group, input) => (order[next[group]++] = input));
  return order;
}

/** The columns of a row-major matrix, put where `order` says: to[order[i]] = from[i], or the other way round. */
export function moveColumns(codes: U8, columns: number, order: I32, direction: 'to' | 'from'): U8 {
  const moved = new Uint8Array(codes.length);
  for (let base = 0; base < codes.length; base += columns) {
    for (let i = 0; i < columns; i++) {
      if (direction === 'to') moved[base + order[i]] = codes[base + i];
      else moved[base + i] = codes[base + order[i]];
    }
  }
  return moved;
}

/** An order of the inputs, each once. */
export function checkOrder(fn: string, order: unknown, columns: number): I32 {
  const expected = `an Int32Array of the inputs 0 to ${columns - 1}, each once`;
  if (arrayTag(order) !== 'Int32Array') throw typeError(fn, 'inputOrder', expected, order, 'leave it out');
  const list = order as I32;
  const seen = new Uint8Array(columns);
  if (list.length !== columns) throw rangeError(fn, 'inputOrder', expected, list.length, 'leave it out');
  list.forEach((input, i) => {
    if (seen[input] !== 0) throw rangeError(fn, `inputOrder[${i}]`, expected, input, 'leave it out');
    seen[input] = 1;
  });
  return list;
}
