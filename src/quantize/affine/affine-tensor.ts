/** AffineTensors as records: how their codes are laid out, and whether their parts fit together. */
import type { I16, I8, U16, U8 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { isPlainObject } from '../../core/options.js';
import { elementCount } from '../../core/shape.js';
import { kernels } from '../../kernels/dispatch.js';
import type { Codes } from '../../kernels/types.js';
import { checkQParams } from './affine-options.js';
import type { AffineTensor, Bits, QParams } from './affine-types.js';
import { checkGranularity, planRegions, type RegionPlan } from './regions.js';

/** The codes of an affine tensor, one per element. */
export function unpackCodes(q: Pick<AffineTensor, 'bits' | 'codes' | 'codeMin'>, size: number): Codes {
  if (q.bits >= 8) return q.codes;
  const codes = q.codeMin < 0 ? new Int8Array(size) : new Uint8Array(size);
  kernels().unpackBits(codes, q.codes as U8, size, q.bits, q.codeMin);
  return codes;
}

/** The array type that holds codes of so many bits, and its length for `size` elements. */
export function codesArray(bits: Bits, codeMin: number, size: number): I8 | U8 | I16 | U16 {
  if (bits < 8) return new Uint8Array(Math.ceil((size * bits) / 8));
  if (bits === 8) return codeMin < 0 ? new Int8Array(size) : new Uint8Array(size);
  return codeMin < 0 ? new Int16Array(size) : new Uint16Array(size);
}

/** Checks that the parts of an affine tensor fit together; returns its plan. */
export function checkAffineTensor(fn: string, q: AffineTensor): RegionPlan {
  if (typeof q !== 'object' || q === null || q.kind !== 'affine') {
    throw typeError(fn, 'q', 'an AffineTensor', q, 'make it with quantizeAffine');
  }
  const size = elementCount(q.shape, fn, 'q.shape');
  const plan = planOf(fn, q.shape, { ...q, arithmetic: 'reciprocal', seed: 0 });
  const expected = codesArray(q.bits, q.codeMin, 0);
  if (Object.getPrototypeOf(q.codes) !== Object.getPrototypeOf(expected)) {
    throw typeError(fn, 'q.codes', `a ${expected.constructor.name}`, q.codes, 'make q with quantizeAffine');
  }
  const length = q.bits < 8 ? Math.ceil((size * q.bits) / 8) : size;
  if (q.codes.length !== length)
    throw rangeError(fn, 'q.codes', `${length} entries`, q.codes.length, 'correct q.shape');
  if (!(q.overflow >= 0))
    throw rangeError(fn, 'q.overflow', 'a number >= 0', q.overflow, 'make q with quantizeAffine');
  return plan;
}

/** The regions of a tensor of this shape, after checking that the parameters fit them. */
export function planOf(fn: string, shape: readonly number[], q: QParams): RegionPlan {
  if (!isPlainObject(q)) throw typeError(fn, 'qparams', 'a record', q, 'make it with chooseQParams');
  const plan = planRegions(shape, checkGranularity(fn, q.granularity, shape));
  checkQParams(fn, q, plan.regions);
  return plan;
}
