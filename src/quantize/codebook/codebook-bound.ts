/** The proved error bound of codebook tensors. */
import type { F32 } from '../../core/arrays.js';
import { unpackCodes } from './codebook-codes.js';
import { denestAbsmax, NESTED_BLOCK } from './codebook-nested.js';
import { dynamic8, type Codebook, type CodebookName } from './codebook-tables.js';
import { bookOf, checkCodebookTensor } from './codebook-tensor.js';
import type { CodebookTensor, NestedAbsmax } from './codebook-types.js';

/** Unit roundoff of float32, half to even. */
const U = 2 ** -24;

/** No float32 quotient of a number by a magnitude that is at least as large exceeds this. */
const LARGEST_QUOTIENT = 1 + 2 * U;

/**
 * No element is off by more than this part of its block's absmax, float32 arithmetic included, where absmax is not nested and no float32
 * underflows: half the largest gap of the levels (for dynamic8, which lacks -1, the distance of -1 from its least level is as large), and
 * 4 * 2^-24. The proof is that of codebookErrorBound.
 */
export const LARGEST_ERRORS: Readonly<Record<CodebookName, number>> = {
  nf4: 0.151904,
  fp4: 0.166667,
  af4: 0.152796,
  dynamic8: 0.0070317,
};

/** For each code: how far q can lie from its level, and the largest |q|. */
interface Cells {
  readonly reach: Float64Array;
  readonly extent: Float64Array;
}

/**
 * Returns a bound of the error of `c` that holds for every finite float32 or float64 input with these codes.
 *
 * Formula: per element absmax * (reach + slack), where reach is the distance of the code's level from the farther end of what it stands
 * for: the thresholds beside it, or 1 beyond the outermost ones; plus |level| times the error of a nested absmax. `maxAbs` is
 * the largest of these, `l2` the root of the sum of their squares.
 *
 * Proof. Let u = 2^-24, a the absmax that the codes were made with, A the one that they are decoded with, l the level of the code.
 * (1) Float64 input is rounded to float32 once: at most u |x|. From here on x is that float32, and |x| <= a.
 * (2) The kernels form q = fround(x r), r = fround(1 / a), or fround(x / a): |q - x / a| <= (2 + 2^-20) u |q|, so |q| <= 1 + 2u.
 * (3) The code says between which thresholds q lies: |q - l| <= reach, and |q| <= extent.
 * (4) Decoding rounds l A once: at most u |l| A. With |l a - l A| <= |l| |a - A| in all
 *     |x - value| <= a (reach + (3 + 2^-19) u extent) + |l| (|a - A| + u A).
 * (5) A nested absmax: a - offset is rounded to float32 (u S, with S the scale of its block of 256), is coded and decoded in the dynamic
 *     map (by (2) to (4): S (reach' + 3u extent') + u |l'| S), and the sum with offset is rounded (u A). |a - A| is at most the sum d
 *     of these, and a at most max(A + d, 0).
 * (6) Where there are no blocks q is x and the value l: the error is at most reach, or `overflow` beyond the outermost levels, plus (1).
 * Products that underflow add at most 2^-149 (1 + a).
 *
 * Numerics: computed in float64, rounded up by 2^-40 relative. Tight: for every table some input reaches 99 % of it.
 *
 * @returns maxAbs: largest |error| of an element; l2: root of the sum of squares over the tensor; Infinity where a level times its absmax
 * lies beyond float32
 */
export function codebookErrorBound(c: CodebookTensor): { maxAbs: number; l2: number } {
  const size = checkCodebookTensor('errorBound', c);
  const { absmax, blockSize, codebook } = c;
  const isWhole = absmax === null || blockSize === null;
  const cells = cellsOf(bookOf(c), isWhole ? { overflow: c.overflow } : { limit: LARGEST_QUOTIENT });
  const codes = unpackCodes(c.codes, size, c.bits);
  const run = isWhole ? Math.max(size, 1) : blockSize;
  const blocks = isWhole ? null : 'codes' in absmax ? nestedBlocks(absmax) : plainBlocks(absmax);
  let maxAbs = 0;
  let squares = 0;
  for (let begin = 0, b = 0; begin < size; begin += run, b++) {
    const bounds = blocks === null ? wholeBounds(cells) : blockBounds(cells, codebook, blocks, b);
    const end = Math.min(begin + run, size);
    for (let i = begin; i < end; i++) {
      const bound = bounds[codes[i]];
      if (bound > maxAbs) maxAbs = bound;
      squares += bound * bound;
    }
  }
  // Each of fewer than 2^32 terms rounds once in the sum.
  return { maxAbs: maxAbs * (1 + 2 ** -40), l2: Math.sqrt(squares) * (1 + 2 ** -20) };
}

/** Quotients end at +-limit; or nowhere, with none more than `overflow` beyond the outermost levels. */
function cellsOf(book: Codebook, ends: { readonly limit: number } | { readonly overflow: number }): Cells {
  const { levels, thresholds, order } = book;
  const last = levels.length - 1;
  const limit = 'limit' in ends ? ends.limit : Infinity;
  const [below, above] =
    'limit' in ends
      ? [-limit, limit]
      : [levels[order[0]] - ends.overflow, levels[order[last]] + ends.overflow];
  const reach = new Float64Array(levels.length);
  const extent = new Float64Array(levels.length);
  for (let rank = 0; rank <= last; rank++) {
    const code = order[rank];
    const low = rank === 0 ? below : Math.max(thresholds[rank - 1], -limit);
    const high = rank === last ? above : Math.min(thresholds[rank], limit);
    reach[code] = Math.max(Math.abs(levels[code] - low), Math.abs(high - levels[code]));
    extent[code] = Math.max(Math.abs(low), Math.abs(high));
  }
  return { reach, extent };
}

/** For each block: the absmax that it was made with, at most, and what decoding adds per unit of |level|. */
interface Blocks {
  readonly made: Float64Array;
  readonly added: Float64Array;
  readonly decoded: F32;
}

function plainBlocks(absmax: F32): Blocks {
  return { made: Float64Array.from(absmax), added: Float64Array.from(absmax, (a) => U * a), decoded: absmax };
}

function nestedBlocks(nested: NestedAbsmax): Blocks {
  const decoded = denestAbsmax(nested);
  const { reach, extent } = cellsOf(dynamic8(nested.codebook), { limit: LARGEST_QUOTIENT });
  const made = new Float64Array(decoded.length);
  const added = new Float64Array(decoded.length);
  for (let b = 0; b < decoded.length; b++) {
    const scale = nested.absmax[Math.floor(b / NESTED_BLOCK)];
    const code = nested.codes[b];
    const magnitude = Math.abs(decoded[b]);
    const level = Math.abs(nested.codebook[code]);
    const ofScale = reach[code] + 3.001 * U * extent[code] + U * level + 1.001 * U;
    const error = scale * ofScale + 1.001 * U * magnitude + (scale > 0 ? 2 ** -148 * (1 + scale) : 0);
    made[b] = Math.max(decoded[b] + error, 0);
    added[b] = error + U * magnitude;
  }
  return { made, added, decoded };
}

/** The bound of each code in a block. In a block of zeros only float64 input can be off: what rounds to 0. */
function blockBounds({ reach, extent }: Cells, levels: F32, blocks: Blocks, b: number): Float64Array {
  const made = blocks.made[b];
  const added = blocks.added[b];
  const underflow = made === 0 && added === 0 ? 2 ** -150 : 2 ** -148 * (1 + made);
  return reach.map((r, code) => {
    const level = Math.abs(levels[code]);
    if (Math.fround(level * Math.abs(blocks.decoded[b])) === Infinity) return Infinity;
    return made * (r + 3.001 * U * extent[code]) + level * added + underflow;
  });
}

function wholeBounds({ reach, extent }: Cells): Float64Array {
  return reach.map((r, code) => r + U * extent[code] * 1.001 + 2 ** -150);
}
