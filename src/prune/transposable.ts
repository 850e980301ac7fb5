/** Masks that are N:M along rows and along columns: squares of `of` x `of` with `keep` in every row and column. */
import type { F32, U8 } from '../core/arrays.js';
import type { Order } from '../kernels/prune/types.js';

/** A missing element of a ragged square: lower than any score, and differences of two stay numbers. */
const ABSENT = -1e300;

/** The mask of a matrix; squares at the edges are filled up with elements that count as the lowest. No NaN. */
export function maskTransposable(
  data: F32,
  rows: number,
  columns: number,
  keep: number,
  of: number,
  order: Order,
  method: 'best' | 'greedy',
): U8 {
  const mask = new Uint8Array(data.length);
  if (data.length === 0 || keep === 0) return mask;
  const patterns = method === 'best' ? patternsOf(keep, of) : [];
  const square = new Float64Array(of * of);
  for (let top = 0; top < rows; top += of) {
    for (let left = 0; left < columns; left += of) {
      for (let at = 0; at < square.length; at++) {
        const [r, c] = [top + Math.floor(at / of), left + (at % of)];
        square[at] = r < rows && c < columns ? rank(data[r * columns + c], order) : ABSENT;
      }
      const kept = method === 'best' ? bestPattern(square, patterns) : greedyPattern(square, keep, of);
      for (const at of ones(kept)) {
        const [r, c] = [top + Math.floor(at / of), left + (at % of)];
        if (r < rows && c < columns) mask[r * columns + c] = 1;
      }
    }
  }
  return mask;
}

/** Infinities as numbers that sums of 16 leave finite and that stay above and below every float32. */
function rank(x: number, order: Order): number {
  const value = order === 'magnitude' ? Math.abs(x) : x;
  return Math.min(1e60, Math.max(-1e60, value));
}

function* ones(kept: U8): Generator<number> {
  for (let at = 0; at < kept.length; at++) if (kept[at] === 1) yield at;
}

/** All squares with `keep` ones in every row and column: 90 for 2 of 4, 24 for 1 or 3 of 4. */
export function patternsOf(keep: number, of: number): readonly U8[] {
  const found: U8[] = [];
  const square = new Uint8Array(of * of);
  const inColumn = new Uint8Array(of);
  const fill = (row: number, column: number, left: number): void => {
    if (row === of) {
      found.push(square.slice());
      return;
    }
    if (column === of) {
      if (left === 0) fill(row + 1, 0, keep);
      return;
    }
    if (left > 0 && inColumn[column] < keep) {
      square[row * of + column] = 1;
      inColumn[column]++;
      fill(row, column + 1, left - 1);
      inColumn[column]--;
      square[row * of + column] = 0;
    }
    fill(row, column + 1, left);
  };
  fill(0, 0, keep);
  return found;
}

/** The fewest missing elements, then the largest sum. */
function bestPattern(square: Float64Array, patterns: readonly U8[]): U8 {
  let best = patterns[0];
  let most = -Infinity;
  let fewest = Infinity;
  for (const pattern of patterns) {
    let sum = 0;
    let absent = 0;
    for (let at = 0; at < square.length; at++) {
      if (pattern[at] === 0) continue;
      if (square[at] === ABSENT) absent++;
      else sum += square[at];
    }
    if (absent < fewest || (absent === fewest && sum > most)) {
      fewest = absent;
      most = sum;
      best = pattern;
    }
  }
  return best;
}

/** Entries from the largest down, the first of equal ones first, while row and column have room; then exchanges. */
function greedyPattern(square: Float64Array, keep: number, of: number): U8 {
  const kept = new Uint8Array(of * of);
  const inRow = new Uint32Array(of);
  const inColumn = new Uint32Array(of);
  const places = Array.from(square.keys()).sort((i, j) => square[j] - square[i] || i - j);
  for (const at of places) {
    const [r, c] = [Math.floor(at / of), at % of];
    if (inRow[r] === keep || inColumn[c] === keep) continue;
    kept[at] = 1;
    inRow[r]++;
    inColumn[c]++;
  }
  for (let r = 0; r < of; r++) {
    for (; inRow[r] < keep; inRow[r]++) {
      const c = inColumn.findIndex((count) => count < keep);
      exchange(square, kept, of, r, c);
      inColumn[c]++;
    }
  }
  return kept;
}

/**
 * Gives row r and column c, which lack one each, one more: (r, c) itself is taken, else greed would have taken it, so some (s, d) moves to
 * (r, d) and (s, c). A full column d without row r has more ones than column c, hence one in a row s where c has none. The best such move is made.
 */
function exchange(square: Float64Array, kept: U8, of: number, r: number, c: number): void {
  if (kept[r * of + c] === 0) {
    kept[r * of + c] = 1;
    return;
  }
  let best = -Infinity;
  let move: [s: number, d: number] = [0, 0];
  for (let d = 0; d < of; d++) {
    if (kept[r * of + d] === 1) continue;
    for (let s = 0; s < of; s++) {
      if (kept[s * of + d] === 0 || kept[s * of + c] === 1) continue;
      const gain = square[r * of + d] + square[s * of + c] - square[s * of + d];
      if (gain > best) {
        best = gain;
        move = [s, d];
      }
    }
  }
  const [s, d] = move;
  kept[s * of + d] = 0;
  kept[s * of + c] = 1;
  kept[r * of + d] = 1;
}
