/** Checks and defaults of what SparseGPT and repairs are told. */
import type { FloatArray } from '../core/arrays.js';
import { checkCurvature, checkDamping, type CurvatureOptions } from '../core/curvature.js';
import { rangeError, typeError } from '../core/errors.js';
import { factorHessian } from '../core/hessian-factor.js';
import { checkChoice, checkInteger, checkOptions } from '../core/options.js';
import { checkFraction } from './checks.js';
import { maskRows, type LayerRows } from './layer-rows.js';
import type { LayerCurvature } from './quadratic-loss.js';
import type { Selection, Store } from './sparse-gpt-solve.js';
import type { Refine, SparseGptOptions } from './sparse-gpt-types.js';

const KEYS: readonly (keyof SparseGptOptions)[] = [
  'hessian',
  'activations',
  'sparsity',
  'keep',
  'of',
  'mask',
  'refine',
  'jointQuantizer',
  'blockSize',
  'inputAxis',
  'damping',
];

export const checkSparseGptKeys = (fn: string, options: SparseGptOptions): Partial<SparseGptOptions> =>
  checkOptions(fn, options, KEYS);

/** The damped curvature of a layer's inputs, and which of them are dead. */
export function layerCurvature(
  fn: string,
  given: CurvatureOptions,
  n: number,
  damping: unknown,
): LayerCurvature {
  const hessian: FloatArray = checkCurvature(fn, given, n);
  const factor = factorHessian(fn, hessian, n, checkDamping(fn, damping), 'natural', n);
  return { factor, dead: Uint8Array.from({ length: n }, (_, k) => (hessian[k * n + k] > 0 ? 0 : 1)) };
}

/** How the mask comes about: exactly one of sparsity, {keep, of} and mask. */
export function checkSelection(fn: string, given: Partial<SparseGptOptions>, rows: LayerRows): Selection {
  const blockSize = checkInteger(fn, 'blockSize', given.blockSize ?? 128, 1, 2 ** 31 - 1);
  const { sparsity, keep, of, mask } = given;
  const isPattern = keep !== undefined || of !== undefined;
  const named = [
    sparsity !== undefined && 'sparsity',
    isPattern && '{keep, of}',
    mask !== undefined && 'mask',
  ];
  const ways = named.filter((name) => name !== false);
  if (ways.length !== 1) {
    const got = ways.length === 0 ? 'none' : ways.join(' and ');
    throw rangeError(
      fn,
      'sparsity',
      'one of sparsity, {keep, of} and mask',
      got,
      'for example sparsity: 0.5',
    );
  }
  if (sparsity !== undefined)
    return { kind: 'fraction', sparsity: checkFraction(fn, 'sparsity', sparsity), blockSize };
  if (mask !== undefined) return { kind: 'mask', mask: maskRows(fn, mask, rows), blockSize };
  const group = checkInteger(fn, 'of', of, 1, 2 ** 31 - 1);
  const kept = checkInteger(fn, 'keep', keep, 0, group);
  if (rows.n % group === 0) return { kind: 'pattern', keep: kept, of: group };
  const fix = 'pad the inputs with zeros, or use sparsity';
  throw rangeError(fn, 'of', `a divisor of ${rows.n}, the number of inputs`, group, fix);
}

export function checkRefine(fn: string, { refine, jointQuantizer }: Partial<SparseGptOptions>): Refine {
  const checked = checkChoice(fn, 'refine', refine ?? 'keepBest', ['none', 'keepBest', 'exact']);
  if (jointQuantizer === undefined) return checked;
  if (typeof jointQuantizer !== 'function') {
    const fix = 'return the stored value of a weight';
    throw typeError(fn, 'jointQuantizer', 'a function of value, row and column', jointQuantizer, fix);
  }
  if (checked !== 'exact') return checked;
  const fix = 'least squares would move the rounded weights: repair first, then quantize with gptq';
  throw rangeError(fn, 'refine', "'none' or 'keepBest' beside jointQuantizer", refine, fix);
}

/** Stored values: rounded by the joint quantizer, then to the type of the weights. */
export function storeOf(
  fn: string,
  jointQuantizer: SparseGptOptions['jointQuantizer'],
  { isFloat32 }: LayerRows,
): Store {
  const round = isFloat32 ? Math.fround : (value: number): number => value;
  if (jointQuantizer === undefined) return round;
  return (value, row, column) => {
    const stored: unknown = jointQuantizer(value, row, column);
    if (typeof stored === 'number' && Number.isFinite(stored)) return round(stored);
    throw rangeError(fn, 'jointQuantizer', 'a finite number', stored, 'return the stored value of a weight');
  };
}
