/** encodeFbgemmRows and decodeFbgemmRows: embedding tables in FBGEMM's fused rows. */
import type { F32, U8 } from '../core/arrays.js';
import { describe, NumericError, rangeError } from '../core/errors.js';
import { outputFloats } from '../core/numbers.js';
import { checkChoice, checkInteger, checkOptions } from '../core/options.js';
import { roundHalfEven } from '../core/rounding.js';
import { toContiguous, type TensorLike } from '../core/tensor.js';
import { kernels } from '../kernels/dispatch.js';
import { checkBytes } from './decode.js';

const ENCODE = 'encodeFbgemmRows';
const DECODE = 'decodeFbgemmRows';

/** FBGEMM's kEpsilon: what keeps a constant row from a division by 0. */
const EPSILON = Math.fround(1e-8);

type Width = 2 | 4 | 8;

export interface FbgemmRowsOptions {
  /** Bits per code: 8, 4 or 2. */
  readonly bits: Width;
  /** Type of each row's scale and bias. Default 'float32' for 8 bits, whose arithmetic differs, else 'float16', the only one for 4 and 2 bits. */
  readonly scaleDtype?: 'float32' | 'float16';
  /** Where scale and bias stand in their row: 'end' (the default, torch's operators), or 'start' (FBGEMM's scale_bias_last = false). */
  readonly scaleAt?: 'end' | 'start';
}

export interface FbgemmDecodeOptions extends FbgemmRowsOptions {
  /** [rows, columns] of the table. */
  readonly shape: readonly [rows: number, columns: number];
  /** A Float32Array of the table's size to write to. */
  readonly out?: Float32Array;
}

/** A table in fused rows: plain data. */
export interface FbgemmRows {
  /** [rows, rowBytes]: codes, the first in the lowest bits, and scale and bias, value = scale * code + bias. */
  readonly bytes: U8;
  readonly rowBytes: number;
  readonly shape: readonly [rows: number, columns: number];
  readonly bits: Width;
  readonly scaleDtype: 'float32' | 'float16';
  readonly scaleAt: 'end' | 'start';
}

interface RowLayout {
  readonly bits: Width;
  readonly scaleDtype: 'float32' | 'float16';
  readonly columns: number;
  readonly rowBytes: number;
  readonly codesAt: number;
  readonly scaleAt: number;
}

interface RowGrid {
  readonly scale: number;
  readonly bias: number;
  readonly inverse: number;
}

/**
 * Returns a table in FBGEMM's fused rows: codes with the row's scale and bias beside them.
 *
 * Formula, in float32: 8 bits: range = max - min, scale = range / 255, bias = min, code = round((x - min) * (255 / (range + 1e-8))). With float16 scales: bias = min in
 * float16, scale = (max - bias) / (2^bits - 1) in float16 (1 where that, or its reciprocal, is no number to divide by), code = clamp(round((x - bias) * (1 / scale))).
 *
 * Shapes: a matrix; any number of columns, the unused bits of a row's last byte are 0.
 *
 * Numerics: halves to even. NaN and infinities are an error. Bounds: 8 bits with float32: scale / 2 + 1e-8; with float16, scale and bias as they are stored:
 * max(scale / 2, bias - min, max - bias - (2^bits - 1) scale); both plus 2^-21 of the row's largest magnitude for float32 rounding.
 *
 * Cost: two passes over every row.
 *
 * Compatible with: FBGEMM 71d6f8b2 (August 2026), `FloatOrHalfToFused8BitRowwiseQuantizedSBFloat` and `...FusedNBitRowwiseQuantizedSBHalf`; torch 2.13's `embedding_bag_byte_prepack`,
 * `_4bit_prepack` and `_2bit_prepack`, to the byte. FBGEMM refuses columns that do not fill bytes.
 *
 * @param x a matrix of real numbers, one embedding per row; never changed
 * @param options bits, scaleDtype, scaleAt
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value, RANGE_OVERFLOW with the row whose range exceeds float32,
 * SCALE_OVERFLOW with the row whose scale or bias exceeds float16.
 * @example
 * const x = { data: Float32Array.of(0, 1, 2, 15), shape: [1, 4] };
 * encodeFbgemmRows(x, { bits: 4 }).bytes; // Uint8Array [0x10, 0xf2, 0x00, 0x3c, 0x00, 0x00]
 * @see decodeFbgemmRows
 */
export function encodeFbgemmRows(x: TensorLike, options: FbgemmRowsOptions): FbgemmRows {
  const settings = checkSettings(ENCODE, checkOptions(ENCODE, options, ['bits', 'scaleDtype', 'scaleAt']));
  const { data, shape } = toContiguous(x, ENCODE);
  if (shape.length !== 2) throw rangeError(ENCODE, 'x', 'a matrix', shape, 'reshape it to [rows, columns]');
  const values: F32 = data instanceof Float32Array ? data : Float32Array.from(data);
  const index = kernels().firstNonFinite(values);
  if (index >= 0) {
    const message = `${ENCODE}: "x" expected finite float32 values, got ${describe(data[index])} at index ${index}`;
    throw new NumericError('NON_FINITE', `${message} - repair the tensor`, index);
  }
  const [rows, columns] = shape;
  const layout = rowLayout(settings, columns);
  const bytes = allocate(rows, layout);
  const view = new DataView(bytes.buffer);
  // FBGEMM writes nothing for a table without columns.
  for (let r = 0; r < rows && columns > 0; r++) {
    const row = values.subarray(r * columns, (r + 1) * columns);
    const grid = gridOf(row, layout, r);
    const base = r * layout.rowBytes;
    writeCodes(bytes, base + layout.codesAt, row, grid, layout.bits);
    writeScale(view, base + layout.scaleAt, grid, layout.scaleDtype);
  }
  const { bits, scaleDtype, scaleAt } = settings;
  return { bytes, rowBytes: layout.rowBytes, shape: [rows, columns], bits, scaleDtype, scaleAt };
}

interface Settings {
  readonly bits: Width;
  readonly scaleDtype: 'float32' | 'float16';
  readonly scaleAt: 'end' | 'start';
}

function checkSettings(fn: string, options: Partial<FbgemmRowsOptions>): Settings {
  const { bits } = options;
  if (bits !== 2 && bits !== 4 && bits !== 8)
    throw rangeError(fn, 'bits', '2, 4 or 8', bits, 'pass one of these');
  const usual = bits === 8 ? 'float32' : 'float16';
  const scaleDtype = checkChoice(fn, 'scaleDtype', options.scaleDtype ?? usual, ['float32', 'float16']);
  if (bits !== 8 && scaleDtype === 'float32') {
    throw rangeError(fn, 'scaleDtype', `'float16' for ${bits} bits`, scaleDtype, 'leave it out');
  }
  return {
    bits,
    scaleDtype,
    scaleAt: checkChoice(fn, 'scaleAt', options.scaleAt ?? 'end', ['end', 'start']),
  };
}

function rowLayout({ bits, scaleDtype, scaleAt }: Settings, columns: number): RowLayout {
  const codeBytes = Math.ceil((columns * bits) / 8);
  const scaleBytes = scaleDtype === 'float32' ? 8 : 4;
  const isFirst = scaleAt === 'start';
  return {
    bits,
    scaleDtype,
    columns,
    rowBytes: codeBytes + scaleBytes,
    codesAt: isFirst ? scaleBytes : 0,
    scaleAt: isFirst ? 0 : codeBytes,
  };
}

function allocate(rows: number, { rowBytes }: RowLayout): U8 {
  try {
    return new Uint8Array(rows * rowBytes);
  } catch {
    throw rangeError(ENCODE, 'x', 'a table whose rows fit into memory', rows * rowBytes, 'split it');
  }
}

function gridOf(row: F32, { bits, scaleDtype }: RowLayout, r: number): RowGrid {
  let min = row[0];
  let max = row[0];
  for (const x of row) {
    if (x < min) min = x;
    if (x > max) max = x;
  }
  const range = Math.fround(max - min);
  if (range === Infinity) throw overflow('RANGE_OVERFLOW', 'a range within float32', range, r);
  if (scaleDtype === 'float16') return halfGrid(min, max, 2 ** bits - 1, r);
  return {
    scale: Math.fround(range / 255),
    bias: min,
    inverse: Math.fround(255 / Math.fround(range + EPSILON)),
  };
}

function halfGrid(min: number, max: number, top: number, r: number): RowGrid {
  const bias = roundFloat16(min);
  const range = Math.fround(max - bias);
  const scale = range === 0 ? 1 : roundFloat16(Math.fround(range / top));
  if (!Number.isFinite(bias) || !Number.isFinite(scale)) {
    throw overflow(
      'SCALE_OVERFLOW',
      'scale and bias within float16',
      Number.isFinite(bias) ? range / top : min,
      r,
    );
  }
  // A constant row whose bias was rounded up has a negative range, and so a negative scale.
  return scale === 0 ? { scale: 1, bias, inverse: 1 } : { scale, bias, inverse: Math.fround(1 / scale) };
}

function overflow(code: string, expected: string, got: number, row: number): NumericError {
  const message = `${ENCODE}: "x" expected ${expected}, got ${describe(got)} in row ${row} - scale the table down`;
  return new NumericError(code, message, row);
}

function roundFloat16(x: number): number {
  const code = new Uint16Array(1);
  kernels().encodeFloat16(code, Float32Array.of(x));
  return float16Value(code[0]);
}

function float16Value(code: number): number {
  const value = new Float32Array(1);
  kernels().decodeFloat16(value, Uint16Array.of(code));
  return value[0];
}

function writeCodes(bytes: U8, base: number, row: F32, { bias, inverse }: RowGrid, bits: number): void {
  const top = 2 ** bits - 1;
  for (let c = 0; c < row.length; c++) {
    const code = roundHalfEven(Math.fround(Math.fround(row[c] - bias) * inverse));
    const at = c * bits;
    bytes[base + (at >>> 3)] |= Math.min(Math.max(code, 0), top) << (at & 7);
  }
}

function writeScale(
  view: DataView,
  at: number,
  { scale, bias }: RowGrid,
  dtype: 'float32' | 'float16',
): void {
  if (dtype === 'float32') {
    view.setFloat32(at, scale, true);
    view.setFloat32(at + 4, bias, true);
    return;
  }
  const codes = new Uint16Array(2);
  kernels().encodeFloat16(codes, Float32Array.of(scale, bias));
  view.setUint16(at, codes[0], true);
  view.setUint16(at + 2, codes[1], true);
}

/**
 * Returns the float32 values of fused rows.
 *
 * Formula: scale * code + bias, the product exact and the sum rounded once, as a fused multiply-add gives it.
 *
 * Shapes: that of the table.
 *
 * Numerics: any bytes are decoded; a scale or bias that is NaN or infinite gives such values.
 *
 * Cost: one pass.
 *
 * Compatible with: FBGEMM 71d6f8b2, `Fused8BitRowwiseQuantizedSBFloatToFloatOrHalf` and `FusedNBitRowwiseQuantizedSBHalfToFloatOrHalf`; torch 2.13's `embedding_bag_byte_unpack`,
 * `_4bit_unpack` and `_2bit_unpack`: to the bit.
 *
 * @param bytes the rows, one after another
 * @param options shape; bits, scaleDtype and scaleAt as for encodeFbgemmRows; `out`: a Float32Array to write to
 * @throws TypeError or RangeError for arguments, a length that does not fit the shape among them.
 * @example
 * const bytes = Uint8Array.of(0x10, 0xf2, 0x00, 0x3c, 0x00, 0x00);
 * decodeFbgemmRows(bytes, { bits: 4, shape: [1, 4] }); // Float32Array [0, 1, 2, 15]
 * @see encodeFbgemmRows
 */
export function decodeFbgemmRows(bytes: Uint8Array, options: FbgemmDecodeOptions): F32 {
  const table = checkBytes(DECODE, bytes);
  const keys = ['bits', 'scaleDtype', 'scaleAt', 'shape', 'out'] as const;
  const { shape, out, ...rest } = checkOptions(DECODE, options, keys);
  const settings = checkSettings(DECODE, rest);
  if (!Array.isArray(shape) || shape.length !== 2) {
    throw rangeError(DECODE, 'shape', '[rows, columns]', shape, 'pass the shape of the table');
  }
  const [rows, columns] = (shape as readonly unknown[]).map((length) =>
    checkInteger(DECODE, 'shape', length, 0, Number.MAX_SAFE_INTEGER),
  );
  const layout = rowLayout(settings, columns);
  if (table.length !== rows * layout.rowBytes) {
    const expected = `${rows} rows of ${layout.rowBytes} bytes`;
    throw rangeError(DECODE, 'bytes', expected, table.length, 'pass the shape of the table');
  }
  const values = outputFloats(out, rows * columns, DECODE);
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  const mask = 2 ** layout.bits - 1;
  for (let r = 0; r < rows; r++) {
    const base = r * layout.rowBytes;
    const [scale, bias] = readScale(view, base + layout.scaleAt, layout.scaleDtype);
    for (let c = 0; c < columns; c++) {
      const at = c * layout.bits;
      const code = (table[base + layout.codesAt + (at >>> 3)] >>> (at & 7)) & mask;
      values[r * columns + c] = scale * code + bias;
    }
  }
  return values;
}

function readScale(view: DataView, at: number, dtype: 'float32' | 'float16'): [scale: number, bias: number] {
  if (dtype === 'float32') return [view.getFloat32(at, true), view.getFloat32(at + 4, true)];
  return [float16Value(view.getUint16(at, true)), float16Value(view.getUint16(at + 2, true))];
}
