/** Microscaling formats: the public functions. */
import type { F32, I8, U8 } from '../../core/arrays.js';
import { NAN_SCALE, powerCode, powerRule, SCALE_MODES, type PowerRule } from '../../core/block-scale.js';
import { DTYPES } from '../../core/dtype.js';
import { powerOfTwo } from '../../core/float-formats.js';
import type { Pictured } from '../../core/inspect.js';
import { outputFloats } from '../../core/numbers.js';
import { checkChoice, checkInteger, checkOptions } from '../../core/options.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { kernels } from '../../kernels/dispatch.js';
import type { CodeRule } from '../../kernels/types.js';
import { toFloat32 } from '../affine/affine-scale.js';
import { codedTensor } from '../coded-view.js';
import { mxErrorBound } from './mx-bound.js';
import {
  checkMxTensor,
  INT8_STEP,
  isWhole,
  layoutOf,
  MAX_BLOCK,
  MX_ELEMENTS,
  packBytes,
  scaleValues,
  topOfElement,
  unpackBytes,
  type BlockLayout,
} from './mx-tensor.js';
import type { MxOptions, MxTensor } from './mx-types.js';
import { nonFiniteError } from '../non-finite.js';

export type MxSettings = Required<MxOptions>;

/** The options with every default filled in. */
export function checkMxOptions(fn: string, options: MxOptions): MxSettings {
  const given = checkOptions<MxOptions>(fn, options, ['element', 'blockSize', 'scaleMode', 'nonFinite']);
  return {
    element: checkChoice(fn, 'element', given.element, MX_ELEMENTS),
    blockSize: checkInteger(fn, 'blockSize', given.blockSize ?? 32, 1, MAX_BLOCK),
    scaleMode: checkChoice(fn, 'scaleMode', given.scaleMode ?? 'floor', SCALE_MODES),
    nonFinite: checkChoice(fn, 'nonFinite', given.nonFinite ?? 'throw', ['throw', 'propagate']),
  };
}

/**
 * Returns `x` in a microscaling (MX) format: blocks along the last axis, each with one power of two and small codes.
 *
 * Formula: with A the block's largest magnitude and emax the exponent of the element's largest value, X = 2^(floor(log2 A) - emax) for
 * 'floor'; one power more for 'ceil' unless A is a power of two; A rounded half up to the element's mantissa bits first for 'even'; the least
 * power of two that is at least A / largest for 'rceil'. Code = the element nearest to x / X, ties to even, clamped to its largest value.
 *
 * Shapes: any; the last block of a row may be shorter. A scalar is one block.
 *
 * Numerics: float64 input is rounded to float32 first; the exponent is read from the bits, and scaling is exact. -0 and the signs of what
 * becomes 0 are kept by the floats ('int8' has one zero). X lies between 2^-127, which blocks of zeros have, and 2^(127 - emax), so that
 * every code of finite input decodes to a finite number. Subnormal numbers are exact input. NaN and infinities are an error; with nonFinite
 * 'propagate' their block has the scale NaN and codes 0. An empty tensor has no blocks. Bound: `errorBound` from the codes;
 * `mxRelativeBound` before anything is known: A/4 for MXFP4 ('floor'), A/5 for its other modes.
 *
 * Cost: one pass for float4_e2m1fn in whole blocks, at about a fifth of copy bandwidth with SIMD; two passes for the others.
 *
 * Compatible with: torchao (2026-08) `to_mx`, codes and scales to the bit for the floats in every mode, packing included; where its scale
 * would be NaN or its values infinite for finite input ('ceil', 'even', 'rceil' near float32's largest number) ours is the largest that is not. OCP
 * MX 1.0 ('floor'). microxcaling's exponents for 'floor', except that its logarithm rounds up just below powers of two; its elements
 * round ties away from zero by default, ours to even. 'int8' is microxcaling's: 1 sign, 127 magnitudes, no -128. ggml's MXFP4: the same
 * scale but for its logarithm, ties go to the smaller magnitude, no -0, and another order of nibbles.
 *
 * @param x a tensor of real numbers; never changed
 * @param options element, blockSize, scaleMode, nonFinite
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * const c = quantizeMx(Float32Array.of(1, -0.3, 7, 5), { element: 'float4_e2m1fn' });
 * dequantizeMx(c); // Float32Array [1, -0.5, 6, 4]
 * c.scales; // Uint8Array [127], 2^0
 * @see dequantizeMx
 * @see OCP microscaling formats (MX) 1.0
 */
export function quantizeMx(x: TensorLike, options: MxOptions): MxTensor & Pictured {
  const fn = 'quantizeMx';
  const { element, blockSize, scaleMode, nonFinite } = checkMxOptions(fn, options);
  const { data, shape } = toContiguous(x, fn);
  const values = toFloat32(data);
  const layout = layoutOf(fn, shape, blockSize);
  const rule = powerRule(scaleMode, topOfElement(element));
  const coded = encodeBlocks(values, layout, element, blockSize, rule);
  if (nonFinite === 'throw' && coded.scales.includes(NAN_SCALE)) {
    const fix = "repair the tensor, or pass nonFinite: 'propagate'";
    throw nonFiniteError(fn, data, values, fix);
  }
  return mxTensor({ kind: 'mx', ...coded, element, blockSize, scaleMode, shape: Array.from(shape) });
}

type Coded = Pick<MxTensor, 'codes' | 'scales'>;

function encodeBlocks(
  x: F32,
  layout: BlockLayout,
  element: MxTensor['element'],
  blockSize: number,
  rule: PowerRule,
): Coded {
  const { rows, width, blocks, size } = layout;
  const scales = new Uint8Array(blocks);
  if (element === 'float4_e2m1fn' && isWhole(layout, blockSize)) {
    const codes = new Uint8Array(size / 2);
    kernels().quantizePackMx4(codes, scales, x, blocks, blockSize, rule);
    return { codes, scales };
  }
  const factor = new Float32Array(blocks);
  kernels().absmaxRuns(factor, x, rows, width, blockSize);
  for (let j = 0; j < blocks; j++) scales[j] = powerCode(factor[j], rule);
  if (element === 'int8') {
    const codes = new Int8Array(size);
    kernels().quantizeRuns(codes, x, int8Steps(scales), null, rows, width, blockSize, INT8_RULE);
    return { codes, scales };
  }
  for (let j = 0; j < blocks; j++) factor[j] = scales[j] === NAN_SCALE ? NaN : powerOfTwo(127 - scales[j]);
  const codes = new Uint8Array(size);
  kernels().encodeFloatRuns(codes, x, factor, rows, width, blockSize, element, 'product');
  return { codes: packBytes(codes, DTYPES[element].bits), scales };
}

const INT8_RULE: CodeRule = {
  codeMin: -127,
  codeMax: 127,
  rounding: 'halfEven',
  arithmetic: 'reciprocal',
  seed: 0,
  position: 0,
};

/** What one step of an 'int8' code is worth in each block: at least 2^-133, a subnormal float32. */
function int8Steps(scales: U8): F32 {
  return scaleValues(scales).map((scale) => scale * INT8_STEP);
}

/**
 * Returns the float32 values of an MxTensor in row-major order, exactly: value of the code * 2^(scale - 127).
 *
 * Numerics: codes and scales of other tools may stand for NaN, infinities and numbers beyond float32, which become infinite.
 *
 * Cost: one pass; float4_e2m1fn in whole blocks at about a third of copy bandwidth with SIMD.
 *
 * @param c what quantizeMx returned
 * @param options `out`: a Float32Array of the tensor's size to write to, instead of a new one
 * @throws TypeError when `c` is no MxTensor, RangeError when its parts or `out` do not fit together.
 * @example
 * dequantizeMx(quantizeMx(Float32Array.of(1, 2, 3), { element: 'float8_e4m3fn' })); // Float32Array [1, 2, 3]
 * @see quantizeMx
 */
export function dequantizeMx(c: MxTensor, options?: { readonly out?: Float32Array }): F32 {
  const fn = 'dequantizeMx';
  const layout = checkMxTensor(fn, c);
  const { out } = checkOptions(fn, options, ['out']);
  const { element, blockSize } = c;
  const { rows, width, blocks, size } = layout;
  const values = outputFloats(out, size, fn);
  if (element === 'int8') {
    kernels().dequantizeRuns(values, c.codes as I8, int8Steps(c.scales), null, rows, width, blockSize);
    return values;
  }
  const scale = scaleValues(c.scales);
  const codes = c.codes as U8;
  if (element === 'float4_e2m1fn' && isWhole(layout, blockSize)) {
    kernels().decodePackedFloatRuns4(values, codes, scale, blocks, blockSize);
    return values;
  }
  const bytes = unpackBytes(codes, size, DTYPES[element].bits);
  kernels().decodeFloatRuns(values, bytes, scale, rows, width, blockSize, element);
  return values;
}

/** Gives the record its printed form and pictures. */
export function mxTensor(c: MxTensor): MxTensor & Pictured {
  return codedTensor(c, {
    head: ({ element, shape }) => `MxTensor ${element} [${shape.join(', ')}]`,
    bytes: ({ codes, scales }) => codes.byteLength + scales.byteLength,
    scales: ({ scales }) => scaleValues(scales),
    decode: (record) => dequantizeMx(record),
    boundOf: mxErrorBound,
    facts: ({ blockSize, scaleMode, scales }) => [
      ['scales', `${scales.length} powers of two, ${scaleMode}`],
      ['block', `${blockSize} along the last axis`],
    ],
  });
}
