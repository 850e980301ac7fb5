/** Masks that keep an exact number of the largest scores. */
import { rangeError, typeError } from '../core/errors.js';
import type { F32, U8 } from '../core/arrays.js';
import { checkChoice, checkInteger, checkOptions, isPlainObject } from '../core/options.js';
import { elementCount } from '../core/shape.js';
import type { TensorLike } from '../core/tensor.js';
import type { Order } from '../kernels/prune/types.js';
import { nanError, toNumbers32 } from './checks.js';
import { countRule, type CountRule } from './count.js';
import { selectAcross, selectRows, type Asker } from './select.js';
import type { MaskTopKOptions, ScoreSource } from './types.js';

const FN = 'maskTopK';
const KEYS = ['sparsity', 'keepCount', 'scope', 'order', 'compat'] as const;
const SCOPES = ['tensor', 'row', 'global'] as const;

/**
 * Returns the mask that keeps exactly the wanted number of the largest scores: 1 keeps, 0 removes.
 *
 * Formula: a scope of n elements loses round-half-even(sparsity * n) of its lowest scores, or all but keepCount. The count is the contract: it holds for
 * every input, constants and ties included. Of equal scores at the threshold the lowest indices are kept first; -0 equals 0.
 *
 * Shapes: any; the mask is flat, in row-major order of the shape. Scopes: 'tensor'; 'row', each line of the last axis; {groupSize}, runs of the
 * last axis; {blockShape: [rows, columns]}, blocks of the tensor seen as [all other axes, last axis]; ragged last groups and blocks have a count of
 * their own. 'global' takes a list of tensors and returns a list of masks: one count over all of them, in the order of the list. An
 * item of the list may be a function that gives its tensor: it is called once to learn the size and once in each of three passes.
 *
 * Numerics: exact comparisons. float64 is rounded to float32 first, which can make scores equal but never turns their order. Infinities are ordinary
 * scores. Optimal: with scores |w| or w^2 no mask of as many ones leaves less of the sum of |w| or w^2 removed.
 *
 * Cost: two passes of counts over the bits and one that writes, O(n) whatever the data: no sort. 16 M float32 take a few times a copy.
 *
 * Compatible with (`compat`, rules in docs/compat.md): torch.nn.utils.prune; SparseGPT's threshold, which removes one more and all ties; Wanda's rows,
 * int(s n), lowest index removed first; tfmot, all ties kept, at least one kept; NNI; llm-compressor, all ties removed.
 *
 * @param scores what ranks the elements: for example of scoreMagnitude, or the weights themselves with order 'magnitude'
 * @param options sparsity or keepCount, scope, order, compat
 * @returns a new Uint8Array of 0 and 1, or a list of them for 'global'
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * maskTopK(Float32Array.of(0.1, -3, 2, -0.5), { sparsity: 0.5, order: 'magnitude' }); // Uint8Array [0, 1, 1, 0]
 * maskTopK([Float32Array.of(1, 5), Float32Array.of(4, 3)], { keepCount: 2, scope: 'global' }); // [Uint8Array [0, 1], Uint8Array [1, 0]]
 * @see scoreMagnitude, scoreWanda, maskNM
 */
export function maskTopK(scores: TensorLike, options: MaskTopKOptions): U8;
export function maskTopK(
  scores: readonly ScoreSource[],
  options: MaskTopKOptions & { readonly scope: 'global' },
): U8[];
export function maskTopK(scores: TensorLike | readonly ScoreSource[], options: MaskTopKOptions): U8 | U8[] {
  const given = checkOptions(FN, options, KEYS);
  const scope = given.scope ?? 'tensor';
  const order = checkChoice(FN, 'order', given.order ?? 'value', ['value', 'magnitude']);
  const rule = countRule(FN, given, scope === 'global');
  if (Array.isArray(scores) && scope !== 'global') {
    const fix = `pass scope: 'global' for one count over several tensors`;
    throw typeError(FN, 'scores', 'a tensor for this scope', scores, fix);
  }
  if (scope === 'global') {
    if (!Array.isArray(scores)) {
      throw typeError(FN, 'scores', "a list of tensors for scope 'global'", scores, 'wrap it: [scores]');
    }
    return maskGlobal(scores as readonly ScoreSource[], rule, order, given.keepCount);
  }
  return maskOne(scores as TensorLike, scope, rule, order, given.keepCount);
}

function maskOne(
  scores: TensorLike,
  scope: Exclude<MaskTopKOptions['scope'], 'global' | undefined>,
  rule: CountRule,
  order: Order,
  keepCount: number | undefined,
): U8 {
  const { data, shape, size } = toNumbers32(scores, FN, 'scores');
  const width = shape.length === 0 ? 1 : shape[shape.length - 1];
  const regions = regionsOf(scope, size, width);
  const most = Math.min(regions.rows * regions.columns, size);
  if (keepCount !== undefined && keepCount > most) throw tooMany(keepCount, most);
  const mask = new Uint8Array(size);
  if (size === 0) return mask;
  const asker: Asker = { fn: FN, argument: 'scores' };
  if (regions.rows === 1 && width % regions.columns === 0) {
    selectRows(mask, data, 0, size / regions.columns, regions.columns, rule(regions.columns), order, asker);
  } else if (regions.rows === 1 && regions.columns === size) {
    selectRows(mask, data, 0, 1, size, rule(size), order, asker);
  } else maskBlocksOf(mask, data, width, regions, rule, order, asker);
  return mask;
}

interface Regions {
  readonly rows: number;
  readonly columns: number;
}

/** Rows and columns of one region; the whole tensor is one row. */
function regionsOf(scope: unknown, size: number, width: number): Regions {
  if (scope === 'tensor') return { rows: 1, columns: size };
  if (scope === 'row') return { rows: 1, columns: width };
  if (isPlainObject(scope) && 'groupSize' in scope) {
    const { groupSize } = checkOptions(FN, scope as { groupSize: number }, ['groupSize'], 'scope');
    const group = checkInteger(FN, 'scope.groupSize', groupSize, 1, Number.MAX_SAFE_INTEGER);
    return { rows: 1, columns: Math.min(group, Math.max(1, width)) };
  }
  if (isPlainObject(scope) && 'blockShape' in scope) {
    const { blockShape } = checkOptions(FN, scope as { blockShape: number[] }, ['blockShape'], 'scope');
    const [rows, columns] = checkBlockShape(FN, 'scope.blockShape', blockShape);
    const height = width === 0 ? 0 : size / width;
    return { rows: Math.min(rows, Math.max(1, height)), columns: Math.min(columns, Math.max(1, width)) };
  }
  if (typeof scope === 'string') checkChoice(FN, 'scope', scope, SCOPES);
  const expected = "'tensor', 'row', 'global', {groupSize} or {blockShape}";
  throw typeError(FN, 'scope', expected, scope, 'pass one of these');
}

/** A pair of whole numbers of at least 1, else the named error. */
export function checkBlockShape(fn: string, argument: string, value: unknown): [number, number] {
  if (!Array.isArray(value)) {
    throw typeError(fn, argument, 'a list [rows, columns]', value, 'for example [4, 4]');
  }
  if (value.length !== 2) {
    throw rangeError(fn, argument, 'two numbers, [rows, columns]', value, 'for example [4, 4]');
  }
  const most = Number.MAX_SAFE_INTEGER;
  return [
    checkInteger(fn, `${argument}[0]`, value[0], 1, most),
    checkInteger(fn, `${argument}[1]`, value[1], 1, most),
  ];
}

/** Each block is copied out, selected and copied back. */
function maskBlocksOf(
  mask: U8,
  data: F32,
  width: number,
  regions: Regions,
  rule: CountRule,
  order: Order,
  asker: Asker,
): void {
  const height = data.length / width;
  const block = new Float32Array(regions.rows * regions.columns);
  const bits = new Uint8Array(block.length);
  for (let top = 0; top < height; top += regions.rows) {
    const rows = Math.min(regions.rows, height - top);
    for (let left = 0; left < width; left += regions.columns) {
      const columns = Math.min(regions.columns, width - left);
      for (let r = 0; r < rows; r++) {
        const at = (top + r) * width + left;
        block.set(data.subarray(at, at + columns), r * columns);
      }
      const size = rows * columns;
      const part = block.subarray(0, size);
      // The index in a message is that of the tensor, not of the block.
      if (part.some((value) => Number.isNaN(value))) throw nanError(data, asker.fn, asker.argument);
      selectRows(bits, part, 0, 1, size, rule(size), order, asker);
      for (let r = 0; r < rows; r++) {
        mask.set(bits.subarray(r * columns, (r + 1) * columns), (top + r) * width + left);
      }
    }
  }
}

function maskGlobal(
  sources: readonly ScoreSource[],
  rule: CountRule,
  order: Order,
  keepCount: number | undefined,
): U8[] {
  const open = (t: number): { data: F32; shape: readonly number[] } => {
    const source = sources[t];
    return toNumbers32(typeof source === 'function' ? source() : source, FN, `scores[${t}]`);
  };
  // Only tensors that are at hand are kept: what a function gives is read anew in every pass.
  const held = sources.map((source, t) => (typeof source === 'function' ? null : open(t)));
  const shapes = held.map((tensor, t) => (tensor ?? open(t)).shape);
  const masks = shapes.map((shape) => new Uint8Array(elementCount(shape, FN)));
  const total = masks.reduce((sum, { length }) => sum + length, 0);
  if (keepCount !== undefined && keepCount > total) throw tooMany(keepCount, total);
  const read = (t: number): F32 => {
    const { data } = held[t] ?? open(t);
    if (data.length === masks[t].length) return data;
    const fix = 'the function must give the same tensor every time';
    throw rangeError(FN, `scores[${t}]`, `${masks[t].length} elements as before`, data.length, fix);
  };
  selectAcross(masks, read, rule(total), order, (t) => ({ fn: FN, argument: `scores[${t}]` }));
  return masks;
}

function tooMany(keepCount: number, most: number): RangeError {
  return rangeError(FN, 'keepCount', `at most ${most}, the size of a scope`, keepCount, 'keep fewer');
}
