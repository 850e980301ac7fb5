/** Encoders of Q4_0, Q4_1, Q5_0 and Q5_1 with importance: the scale is searched for, and codes are those of the search. */
import type { F32, U8 } from '../../core/arrays.js';
import { affineRule, type AffineRule } from './affine-rule.js';
import { putHalf } from './half.js';
import { putFives, putNibbles } from './nibbles.js';
import { encodeQ40, encodeQ41, encodeQ50, encodeQ51 } from './plain.js';
import type { BlockEncoder, Searches } from './types.js';
import { sumOfSquares, weighByImportance } from './weights.js';

const codes: U8 = new Uint8Array(32);
const weights: F32 = new Float32Array(32);
const scale: F32 = new Float32Array(1);
const min: F32 = new Float32Array(1);

/** Calls `block` for every block, its weights filled. The variance is that of the row. */
function eachBlock(
  x: F32,
  rows: number,
  width: number,
  importance: F32,
  block: (index: number, from: number) => void,
): void {
  let index = 0;
  for (let r = 0; r < rows; r++) {
    const variance = Math.fround(sumOfSquares(x, r * width, width) / width);
    for (let column = 0; column < width; column += 32, index++) {
      const from = r * width + column;
      weighByImportance(weights, 0, importance, column, x, from, 32, variance);
      block(index, from);
    }
  }
}

const centered =
  ({ fitLevels }: Searches, half: number, plain: BlockEncoder): BlockEncoder =>
  (out, x, rows, width, importance) => {
    if (importance === null) {
      plain(out, x, rows, width, null);
      return;
    }
    eachBlock(x, rows, width, importance, (index, from) => {
      const d = fitLevels(codes, 0, x, from, weights, 0, 32, half);
      const at = index * (half === 8 ? 18 : 22);
      putHalf(out, at, d);
      if (half === 8) putNibbles(out, at + 2, codes, 0);
      else putFives(out, at + 2, codes);
    });
  };

const affine =
  ({ fitAffine }: Searches, rule: AffineRule, plain: BlockEncoder): BlockEncoder =>
  (out, x, rows, width, importance) => {
    if (importance === null) {
      plain(out, x, rows, width, null);
      return;
    }
    eachBlock(x, rows, width, importance, (index, from) => {
      fitAffine(scale, min, 0, codes, 0, x, from, weights, 0, 32, rule);
      const at = index * (rule.most === 15 ? 20 : 24);
      putHalf(out, at, scale[0]);
      putHalf(out, at + 2, -min[0]);
      if (rule.most === 15) putNibbles(out, at + 4, codes, 0);
      else putFives(out, at + 4, codes);
    });
  };

const RULE_4 = affineRule(15, -0.9, 0.05, 36);
const RULE_5 = affineRule(31, -0.9, 0.05, 36);

/** The four encoders, with importance or without. */
export const plainEncoders = (
  searches: Searches,
): Record<'Q4_0' | 'Q4_1' | 'Q5_0' | 'Q5_1', BlockEncoder> => ({
  Q4_0: centered(searches, 8, encodeQ40),
  Q4_1: affine(searches, RULE_4, encodeQ41),
  Q5_0: centered(searches, 16, encodeQ50),
  Q5_1: affine(searches, RULE_5, encodeQ51),
});
