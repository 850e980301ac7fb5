/**
 * Every kind of compressed tensor, and what each can do: the one table over the union. A new kind is a member of `Compressed` and a
 * row of KINDS; everything that takes a `Compressed` then takes it.
 */
import type { F32 } from '../core/arrays.js';
import type { NamedArray } from '../core/source.js';
import { tfjsFromArrays, tfjsToArrays } from '../formats/tfjs/tensor-arrays.js';
import { dequantizeTfjs, tfjsErrorBound } from '../formats/tfjs/tfjs-tensor.js';
import type { TfjsTensor } from '../formats/tfjs/types.js';
import { sparseFromArrays, sparseToArrays } from '../prune/sparse-arrays.js';
import { decodeSparse, sparseErrorBound } from '../prune/sparse-tensor.js';
import type { SparseTensor } from '../prune/sparse-types.js';
import { affineFromArrays, affineToArrays } from '../quantize/affine/affine-arrays.js';
import { affineErrorBound } from '../quantize/affine/affine-bound.js';
import { dequantizeAffine } from '../quantize/affine/affine.js';
import type { AffineTensor } from '../quantize/affine/affine-types.js';
import { dequantizeFloat } from '../quantize/floats/cast.js';
import { codebookFromArrays, codebookToArrays } from '../quantize/codebook/codebook-arrays.js';
import { codebookErrorBound } from '../quantize/codebook/codebook-bound.js';
import type { CodebookTensor } from '../quantize/codebook/codebook-types.js';
import { dequantizeCodebook } from '../quantize/codebook/codebook.js';
import { floatFromArrays, floatToArrays } from '../quantize/floats/float-arrays.js';
import { floatErrorBound } from '../quantize/floats/float-tensor.js';
import type { FloatTensor } from '../quantize/floats/float-types.js';
import { float8FromArrays, float8ToArrays } from '../quantize/floats/float8-arrays.js';
import type { Float8Tensor } from '../quantize/floats/float8-types.js';
import { dequantizeFloat8, float8ErrorBound } from '../quantize/floats/float8.js';
import { mxFromArrays, mxToArrays } from '../quantize/floats/mx-arrays.js';
import { mxErrorBound } from '../quantize/floats/mx-bound.js';
import type { MxTensor } from '../quantize/floats/mx-types.js';
import { dequantizeMx } from '../quantize/floats/mx.js';
import { nvfp4FromArrays, nvfp4ToArrays } from '../quantize/floats/nvfp4-arrays.js';
import type { Nvfp4Tensor } from '../quantize/floats/nvfp4-types.js';
import { dequantizeNvfp4, nvfp4ErrorBound } from '../quantize/floats/nvfp4.js';

export type Compressed =
  | AffineTensor
  | CodebookTensor
  | FloatTensor
  | TfjsTensor
  | MxTensor
  | Nvfp4Tensor
  | Float8Tensor
  | SparseTensor;

/** A bound of the error: largest of an element, and root of the sum of squares. */
export interface ErrorBound {
  readonly maxAbs: number;
  readonly l2: number;
}

/** A compressed tensor taken apart: what JSON can hold, and arrays. */
export interface Parts {
  readonly header: object;
  readonly arrays: NamedArray[];
}

interface Kind<C extends Compressed> {
  /** The values, row-major, written to `out` or to a new array. */
  readonly decompress: (c: C, out: Float32Array | undefined) => F32;
  /** Proved for every input that gives c. */
  readonly errorBound: (c: C) => ErrorBound;
  readonly toArrays: (c: C) => Parts;
  /** The inverse; throws FormatError for anything that toArrays would not have made. */
  readonly fromArrays: (header: unknown, arrays: readonly NamedArray[]) => C;
}

type Kinds = { readonly [K in Compressed['kind']]: Kind<Extract<Compressed, { kind: K }>> };

const withOut = (out: Float32Array | undefined): { out: Float32Array } | undefined =>
  out === undefined ? undefined : { out };

const KINDS: Kinds = {
  affine: {
    decompress: (c, out) => dequantizeAffine(c, withOut(out)),
    errorBound: affineErrorBound,
    toArrays: affineToArrays,
    fromArrays: affineFromArrays,
  },
  codebook: {
    decompress: (c, out) => dequantizeCodebook(c, withOut(out)),
    errorBound: codebookErrorBound,
    toArrays: codebookToArrays,
    fromArrays: codebookFromArrays,
  },
  float: {
    decompress: (c, out) => dequantizeFloat(c, withOut(out)),
    errorBound: floatErrorBound,
    toArrays: floatToArrays,
    fromArrays: floatFromArrays,
  },
  float8: {
    decompress: (c, out) => dequantizeFloat8(c, withOut(out)),
    errorBound: float8ErrorBound,
    toArrays: float8ToArrays,
    fromArrays: float8FromArrays,
  },
  mx: {
    decompress: (c, out) => dequantizeMx(c, withOut(out)),
    errorBound: mxErrorBound,
    toArrays: mxToArrays,
    fromArrays: mxFromArrays,
  },
  nvfp4: {
    decompress: (c, out) => dequantizeNvfp4(c, withOut(out)),
    errorBound: nvfp4ErrorBound,
    toArrays: nvfp4ToArrays,
    fromArrays: nvfp4FromArrays,
  },
  sparse: {
    decompress: (c, out) => decodeSparse(c, withOut(out)),
    errorBound: sparseErrorBound,
    toArrays: sparseToArrays,
    fromArrays: sparseFromArrays,
  },
  tfjs: {
    decompress: (c, out) => dequantizeTfjs(c, withOut(out)),
    errorBound: tfjsErrorBound,
    toArrays: tfjsToArrays,
    fromArrays: tfjsFromArrays,
  },
};

/** The kinds that exist, for messages. */
export const KIND_NAMES: readonly string[] = Object.keys(KINDS);

/** What the kind named `kind` can do, or null when there is none. */
export function kindOf(kind: unknown): Kind<Compressed> | null {
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) return null;
  return KINDS[kind as Compressed['kind']] as unknown as Kind<Compressed>;
}
