/** Schemes: how a recipe, which is JSON, says what to do with a tensor. A new way to compress is a row of SCHEMES. */
import { rangeError, typeError } from '../core/errors.js';
import type { SmallFloat } from '../core/float-formats.js';
import { checkChoice, isPlainObject } from '../core/options.js';
import type { ArraySpec } from '../core/source.js';
import type { TensorLike } from '../core/tensor.js';
import { tfjsArraySpecs } from '../formats/tfjs/tensor-arrays.js';
import { quantizeTfjs, type QuantizeTfjsOptions } from '../formats/tfjs/tfjs-tensor.js';
import { pruneMagnitude, type PruneMagnitudeOptions } from '../prune/prune-magnitude.js';
import { prunedArraySpecs } from '../prune/sparse-arrays.js';
import { affineArraySpecs } from '../quantize/affine/affine-arrays.js';
import { quantizeAffine } from '../quantize/affine/affine.js';
import type { AffineOptions } from '../quantize/affine/affine-types.js';
import { quantizeFloat, type QuantizeFloatOptions } from '../quantize/floats/cast.js';
import { codebookArraySpecs } from '../quantize/codebook/codebook-arrays.js';
import type { QuantizeCodebookOptions } from '../quantize/codebook/codebook-types.js';
import { quantizeCodebook } from '../quantize/codebook/codebook.js';
import { floatArraySpecs } from '../quantize/floats/float-arrays.js';
import { float8ArraySpecs } from '../quantize/floats/float8-arrays.js';
import type { Float8Options } from '../quantize/floats/float8-types.js';
import { quantizeFloat8 } from '../quantize/floats/float8.js';
import { mxArraySpecs } from '../quantize/floats/mx-arrays.js';
import type { MxOptions } from '../quantize/floats/mx-types.js';
import { quantizeMx } from '../quantize/floats/mx.js';
import { nvfp4ArraySpecs } from '../quantize/floats/nvfp4-arrays.js';
import type { Nvfp4Options } from '../quantize/floats/nvfp4-types.js';
import { quantizeNvfp4 } from '../quantize/floats/nvfp4.js';
import type { Compressed } from './kinds.js';

export type AffineScheme = { readonly scheme: 'affine' } & AffineOptions;
export type CodebookScheme = { readonly scheme: 'codebook' } & QuantizeCodebookOptions;
export type FloatScheme = { readonly scheme: 'float' } & QuantizeFloatOptions;
export type TfjsScheme = { readonly scheme: 'tfjs' } & QuantizeTfjsOptions;
export type Float8Scheme = { readonly scheme: 'float8' } & Float8Options;
export type MxScheme = { readonly scheme: 'mx' } & MxOptions;
export type SparseScheme = { readonly scheme: 'sparse' } & PruneMagnitudeOptions;
export type Nvfp4Scheme = { readonly scheme: 'nvfp4' } & Nvfp4Options;
/** The tensor stays as it is. */
export interface KeepScheme {
  readonly scheme: 'keep';
}

export type LossyScheme =
  | AffineScheme
  | CodebookScheme
  | FloatScheme
  | TfjsScheme
  | Float8Scheme
  | MxScheme
  | Nvfp4Scheme
  | SparseScheme;
export type Scheme = LossyScheme | KeepScheme;

interface SchemeRow<S extends LossyScheme> {
  readonly compress: (x: TensorLike, scheme: S) => Compressed;
  /** The arrays of the result for a tensor of this shape, known before it is compressed. */
  readonly arraySpecs: (shape: readonly number[], scheme: S) => ArraySpec[];
}

type Rows = { readonly [K in LossyScheme['scheme']]: SchemeRow<Extract<LossyScheme, { scheme: K }>> };

const optionsOf = <S extends LossyScheme>({ scheme: _, ...options }: S): Omit<S, 'scheme'> => options;

const SCHEMES: Rows = {
  affine: {
    compress: (x, scheme) => quantizeAffine(x, optionsOf(scheme)),
    arraySpecs: (shape, scheme) => affineArraySpecs(shape, optionsOf(scheme)),
  },
  codebook: {
    compress: (x, scheme) => quantizeCodebook(x, optionsOf(scheme)),
    arraySpecs: (shape, scheme) => codebookArraySpecs(shape, optionsOf(scheme)),
  },
  float: {
    compress: (x, scheme) => quantizeFloat(x, optionsOf(scheme)),
    arraySpecs: (shape, scheme) => {
      // Asked with no elements first, so that wrong options are reported before any tensor is read.
      quantizeFloat(new Float32Array(0), optionsOf(scheme));
      return floatArraySpecs(shape, scheme.dtype as SmallFloat);
    },
  },
  float8: {
    compress: (x, scheme) => quantizeFloat8(x, optionsOf(scheme)),
    arraySpecs: (shape, scheme) => float8ArraySpecs(shape, optionsOf(scheme)),
  },
  mx: {
    compress: (x, scheme) => quantizeMx(x, optionsOf(scheme)),
    arraySpecs: (shape, scheme) => mxArraySpecs(shape, optionsOf(scheme)),
  },
  nvfp4: {
    compress: (x, scheme) => quantizeNvfp4(x, optionsOf(scheme)),
    arraySpecs: (shape, scheme) => nvfp4ArraySpecs(shape, optionsOf(scheme)),
  },
  sparse: {
    compress: (x, scheme) => pruneMagnitude(x, optionsOf(scheme)),
    arraySpecs: (shape, scheme) => prunedArraySpecs(shape, optionsOf(scheme)),
  },
  tfjs: {
    compress: (x, scheme) => quantizeTfjs(x, optionsOf(scheme)),
    arraySpecs: (shape, scheme) => {
      quantizeTfjs(new Float32Array(0), optionsOf(scheme));
      return tfjsArraySpecs(shape, scheme.dtype);
    },
  },
};

export const SCHEME_NAMES: readonly string[] = [...Object.keys(SCHEMES), 'keep'];

/**
 * `value` as a scheme when it has a known name; the options of each are checked against a tensor's shape by schemeArraySpecs.
 *
 * @param where what to call it in messages, such as 'rules[2].scheme'
 * @throws TypeError or RangeError with the nearest name.
 */
export function checkScheme(fn: string, value: unknown, where: string): Scheme {
  if (!isPlainObject(value)) {
    throw typeError(fn, where, "an object such as {scheme: 'affine', bits: 8}", value, 'name a scheme');
  }
  const { scheme, ...rest } = value as { scheme?: unknown };
  checkChoice(fn, `${where}.scheme`, scheme, SCHEME_NAMES);
  if (scheme === 'keep' && Object.keys(rest).length > 0) {
    throw rangeError(fn, where, "no options beside scheme 'keep'", Object.keys(rest)[0], 'remove them');
  }
  return value as Scheme;
}

function rowOf(scheme: LossyScheme): SchemeRow<LossyScheme> {
  return SCHEMES[scheme.scheme] as unknown as SchemeRow<LossyScheme>;
}

/** The tensor compressed as the scheme says. */
export function compressTensor(x: TensorLike, scheme: LossyScheme): Compressed {
  return rowOf(scheme).compress(x, scheme);
}

/** Names, types and shapes of the arrays that compressTensor's result will be stored as. */
export function schemeArraySpecs(shape: readonly number[], scheme: LossyScheme): ArraySpec[] {
  return rowOf(scheme).arraySpecs(shape, scheme);
}
