/** MxTensors as records: their layout, and whether their parts fit together. */
import { arrayTag } from '../../core/array-tag.js';
import type { F32, I8, U8 } from '../../core/arrays.js';
import { SCALE_MODES, topOf, type ElementTop } from '../../core/block-scale.js';
import { byteLengthOf, DTYPES } from '../../core/dtype.js';
import { rangeError, typeError } from '../../core/errors.js';
import { decodeTable, FLOAT_FORMATS } from '../../core/float-formats.js';
import { checkAttached } from '../../core/numbers.js';
import { checkChoice, checkInteger, isPlainObject } from '../../core/options.js';
import { elementCount } from '../../core/shape.js';
import { kernels } from '../../kernels/dispatch.js';
import type { MxElement, MxTensor } from './mx-types.js';

export const MX_ELEMENTS: readonly MxElement[] = [
  'float8_e4m3fn',
  'float8_e5m2',
  'float6_e2m3fn',
  'float6_e3m2fn',
  'float4_e2m1fn',
  'int8',
];

export const MAX_BLOCK = 65536;

/** Steps of 'int8' are 2^-6: code 64 stands for 1. */
export const INT8_STEP: number = 2 ** -6;

/** What a scale mode asks of an element. */
export function topOfElement(element: MxElement): ElementTop {
  return element === 'int8' ? { mantissaBits: 6, emax: 0, largest: 127 * INT8_STEP } : topOf(element);
}

/** A tensor cut into blocks along its last axis. */
export interface BlockLayout {
  readonly size: number;
  readonly rows: number;
  readonly width: number;
  readonly blocks: number;
  /** The shape of the scales: that of the tensor, the last axis counted in blocks. */
  readonly scaleShape: readonly number[];
}

export function layoutOf(fn: string, shape: readonly number[], blockSize: number): BlockLayout {
  const size = elementCount(shape, fn, 'shape');
  const width = shape.length === 0 ? 1 : shape[shape.length - 1];
  const rows = elementCount(shape.slice(0, -1), fn, 'shape');
  const perRow = Math.ceil(width / blockSize);
  return {
    size,
    rows,
    width,
    blocks: rows * perRow,
    scaleShape: shape.length === 0 ? [] : [...shape.slice(0, -1), perRow],
  };
}

/** Whether the fused kernels can take the tensor: whole blocks of an even number of elements. */
export function isWhole({ width }: BlockLayout, blockSize: number): boolean {
  return blockSize % 2 === 0 && width % blockSize === 0;
}

/** Checks that the parts of an MxTensor fit together; returns its layout. */
export function checkMxTensor(fn: string, c: MxTensor): BlockLayout {
  if (!isPlainObject(c) || c.kind !== 'mx') {
    throw typeError(fn, 'c', 'an MxTensor', c, 'make one with quantizeMx');
  }
  checkChoice(fn, 'c.element', c.element, MX_ELEMENTS);
  checkChoice(fn, 'c.scaleMode', c.scaleMode, SCALE_MODES);
  checkInteger(fn, 'c.blockSize', c.blockSize, 1, MAX_BLOCK);
  elementCount(c.shape, fn, 'c.shape');
  const layout = layoutOf(fn, c.shape, c.blockSize);
  const { array } = DTYPES[c.element];
  checkBytes(fn, 'c.codes', c.codes, array.name, byteLengthOf(c.element, layout.size), 'quantizeMx');
  checkBytes(fn, 'c.scales', c.scales, 'Uint8Array', layout.blocks, 'quantizeMx');
  return layout;
}

/** The named error unless `bytes` is an attached array of that type and length. */
export function checkBytes(
  fn: string,
  argument: string,
  bytes: U8 | I8,
  type: string,
  length: number,
  maker: string,
): void {
  if (arrayTag(bytes) !== type) throw typeError(fn, argument, `a ${type}`, bytes, `make c with ${maker}`);
  checkAttached(bytes, fn, argument);
  if (bytes.length !== length) {
    throw rangeError(fn, argument, `${length} bytes for the shape`, bytes.length, 'correct c.shape');
  }
}

/** The scales as float32: every one is exact, 2^-127 as a subnormal number. */
export function scaleValues(scales: U8): F32 {
  const values = new Float32Array(scales.length);
  const table = decodeTable(FLOAT_FORMATS.float8_e8m0fnu);
  for (let j = 0; j < scales.length; j++) values[j] = table[scales[j]];
  return values;
}

/** The codes of `size` elements, one per byte. */
export function unpackBytes(codes: U8, size: number, bits: number): U8 {
  if (bits === 8) return codes;
  const bytes = new Uint8Array(size);
  kernels().unpackBits(bytes, codes, size, bits, 0);
  return bytes;
}

/** The inverse of unpackBytes. */
export function packBytes(codes: U8, bits: number): U8 {
  if (bits === 8) return codes;
  const packed = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  kernels().packBits(packed, codes, codes.length, bits, 0);
  return packed;
}
