/** The ascent behind permutationNM: which exchange between two groups of columns gains most, kept for every pair of groups. */
import type { F64, I32 } from '../core/arrays.js';
import type { Random } from '../core/random.js';

/** Gains below this part of the total are rounding. */
const LEAST_GAIN = 1e-12;

/** Trials whose largest change says what is little. */
const SAMPLE = 200;

export interface Search {
  /** What all groups keep now. */
  total(): number;
  /** Tries random exchanges of two columns and makes those that lose little, less and less of it. */
  wander(trials: number, random: Random): void;
  /** Makes the exchange that gains most until none gains. */
  climb(): void;
  best(): I32;
  bestTotal(): number;
  moves(): number;
  isCut(): boolean;
}

/** An exchange between two groups: the columns of both, in their new order. */
interface Move {
  readonly gain: number;
  readonly columns: I32 | null;
}

const NO_MOVE: Move = { gain: 0, columns: null };

export function createSearch(
  columns: readonly F64[],
  rows: number,
  keep: number,
  of: number,
  method: 'stripes' | 'swaps',
  maxWork: number,
): Search {
  const groups = columns.length / of;
  const shares = method === 'stripes' ? sharesOf(of) : swapsOf(of);
  const kept = keptBy(columns, rows, keep, of);
  const looksAt = rows * of * 2 * shares.length;
  const order: I32 = Int32Array.from(columns.keys());
  const sums = Float64Array.from({ length: groups }, (_, g) => kept(order, g * of));
  let pairs: Move[] = [];
  let best = order.slice();
  let bestTotal = -Infinity;
  let moves = 0;
  let work = 0;
  let isCut = false;

  const total = (): number => sums.reduce((sum, value) => sum + value, 0);
  const remember = (): void => {
    const now = total();
    if (now <= bestTotal) return;
    bestTotal = now;
    best = order.slice();
  };

  /** The exchange that gains most between two groups. */
  const look = (a: number, b: number): Move => {
    work += looksAt;
    const both = new Int32Array(2 * of);
    both.set(order.subarray(a * of, (a + 1) * of));
    both.set(order.subarray(b * of, (b + 1) * of), of);
    const shared = new Int32Array(2 * of);
    const before = sums[a] + sums[b];
    let move = NO_MOVE;
    for (const share of shares) {
      for (let i = 0; i < 2 * of; i++) shared[i] = both[share[i]];
      const gain = kept(shared, 0) + kept(shared, of) - before;
      if (gain > move.gain && gain > LEAST_GAIN * before) move = { gain, columns: shared.slice() };
    }
    return move;
  };
  const lookAround = (g: number): void => {
    for (let other = 0; other < groups; other++) {
      if (other === g) continue;
      const [a, b] = [Math.min(g, other), Math.max(g, other)];
      pairs[a * groups + b] = look(a, b);
    }
  };
  const lookAtAll = (): void => {
    pairs = new Array<Move>(groups * groups).fill(NO_MOVE);
    for (let a = 0; a < groups; a++) {
      for (let b = a + 1; b < groups; b++) {
        if (work >= maxWork) isCut = true;
        else pairs[a * groups + b] = look(a, b);
      }
    }
  };

  const climb = (): void => {
    lookAtAll();
    for (;;) {
      let at = -1;
      let gain = 0;
      for (let i = 0; i < pairs.length; i++) {
        if (pairs[i].gain <= gain) continue;
        gain = pairs[i].gain;
        at = i;
      }
      const { columns: moved } = at < 0 ? NO_MOVE : pairs[at];
      if (moved === null) break;
      if (work >= maxWork) {
        isCut = true;
        break;
      }
      const [a, b] = [Math.floor(at / groups), at % groups];
      order.set(moved.subarray(0, of), a * of);
      order.set(moved.subarray(of), b * of);
      moves++;
      sums[a] = kept(order, a * of);
      sums[b] = kept(order, b * of);
      lookAround(a);
      lookAround(b);
    }
    remember();
  };

  const wander = (trials: number, random: Random): void => {
    // At most half of the work, so that there is some left to climb.
    const looks = Math.min(trials, Math.floor((maxWork - work) / (4 * of * rows)));
    let sizes = 0;
    for (let t = 0; t < looks; t++) {
      const i = Math.floor(random.float() * order.length);
      const j = Math.floor(random.float() * order.length);
      const [a, b] = [Math.floor(i / of), Math.floor(j / of)];
      if (a === b) continue;
      work += 2 * of * rows;
      [order[i], order[j]] = [order[j], order[i]];
      const [sumA, sumB] = [kept(order, a * of), kept(order, b * of)];
      const gain = sumA + sumB - sums[a] - sums[b];
      if (t < SAMPLE) sizes = Math.max(sizes, Math.abs(gain));
      // Losses are accepted up to a limit that falls to 0: from an eighth of the largest change of the first trials.
      if (gain > -(sizes / 8) * (1 - t / looks)) {
        sums[a] = sumA;
        sums[b] = sumB;
        moves++;
      } else [order[i], order[j]] = [order[j], order[i]];
    }
    remember();
  };

  remember();
  return {
    total,
    wander,
    climb,
    best: () => best.slice(),
    bestTotal: () => bestTotal,
    moves: () => moves,
    isCut: () => isCut,
  };
}

/** Sums over rows of the `keep` largest of the columns list[at .. at + of - 1]. */
function keptBy(
  columns: readonly F64[],
  rows: number,
  keep: number,
  of: number,
): (list: I32, at: number) => number {
  if (of === 4 && keep === 2) return (list, at) => twoOfFour(columns, rows, list, at);
  const row = new Float64Array(of);
  return (list, at) => {
    let sum = 0;
    for (let r = 0; r < rows; r++) {
      for (let i = 0; i < of; i++) row[i] = columns[list[at + i]][r];
      row.sort();
      for (let i = of - keep; i < of; i++) sum += row[i];
    }
    return sum;
  };
}

/** The two largest of a, b, c, d: the larger of the pairs' winners, and the larger of the other winner and the losers. */
function twoOfFour(columns: readonly F64[], rows: number, list: I32, at: number): number {
  const a = columns[list[at]];
  const b = columns[list[at + 1]];
  const c = columns[list[at + 2]];
  const d = columns[list[at + 3]];
  let sum = 0;
  for (let r = 0; r < rows; r++) {
    const high = Math.max(a[r], b[r]);
    const low = Math.min(a[r], b[r]);
    const high2 = Math.max(c[r], d[r]);
    const low2 = Math.min(c[r], d[r]);
    sum += Math.max(high, high2) + Math.max(Math.min(high, high2), Math.max(low, low2));
  }
  return sum;
}

/** Every way to share 2 * of columns out to two groups, but the one that they have: column 0 stays in the first. */
function sharesOf(of: number): readonly I32[] {
  const found: I32[] = [];
  const choose = (chosen: number[], next: number): void => {
    if (chosen.length === of) {
      const rest = [...Array(2 * of).keys()].filter((i) => !chosen.includes(i));
      if (rest[0] !== of || chosen[of - 1] !== of - 1) found.push(Int32Array.from([...chosen, ...rest]));
      return;
    }
    for (let i = next; i < 2 * of; i++) choose([...chosen, i], i + 1);
  };
  choose([0], 1);
  return found;
}

/** Every exchange of one column of the first group for one of the second. */
function swapsOf(of: number): readonly I32[] {
  const found: I32[] = [];
  for (let i = 0; i < of; i++) {
    for (let j = of; j < 2 * of; j++) {
      const order = Int32Array.from({ length: 2 * of }, (_, k) => k);
      [order[i], order[j]] = [order[j], order[i]];
      found.push(order);
    }
  }
  return found;
}
