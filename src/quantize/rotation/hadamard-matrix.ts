/** Hadamard matrices: square, of 1 and -1, with orthogonal rows. */
import type { F32, I8 } from '../../core/arrays.js';
import { rangeError } from '../../core/errors.js';
import { checkInteger } from '../../core/options.js';
import type { Tensor } from '../../core/tensor.js';

/** Largest matrix that is not Sylvester's: every result costs as many additions. */
const MAX_BASE = 128;

/** Largest matrix that `hadamardMatrix` writes out. */
const MAX_WRITTEN = 8192;

/** n = power * base, where Sylvester's matrix of size `power` and one of size `base` are known. */
export interface HadamardFactors {
  readonly power: number;
  readonly base: number;
}

/** A prime power q = p^e with e 1 or 2: the sizes of fields whose squares Paley's matrices are made of. */
interface Field {
  readonly prime: number;
  readonly isSquare: boolean;
}

/** The factors of `n` with the smallest base, or null where none is known here. */
export function hadamardFactors(n: number): HadamardFactors | null {
  let odd = n;
  while (odd % 2 === 0) odd /= 2;
  if (odd === 1) return { power: n, base: 1 };
  for (let base = 4 * odd; base <= MAX_BASE && n % base === 0; base *= 2) {
    if (paleyField(base) !== null) return { power: n / base, base };
  }
  return null;
}

/** The next size from `n` on that `hadamardFactors` knows. */
export function nextHadamardSize(n: number): number {
  let size = n;
  while (hadamardFactors(size) === null) size++;
  return size;
}

/** The factors of a size, or the named error with its neighbours. */
export function checkHadamardSize(fn: string, argument: string, n: number, fix: string): HadamardFactors {
  const factors = hadamardFactors(n);
  if (factors !== null) return factors;
  let below = n;
  while (hadamardFactors(below) === null) below--;
  const near = `the nearest sizes are ${below} and ${nextHadamardSize(n)}`;
  const expected = 'a size with a known Hadamard matrix: 2^k, or 2^k times 12, 20, 28, 36, 44, 52, 60 ...';
  throw rangeError(fn, argument, expected, n, `${near}; ${fix}`);
}

const bases = new Map<number, F32>();

/** The matrix of a base that is not 1, row-major. */
export function baseMatrix(base: number): F32 {
  const known = bases.get(base);
  if (known !== undefined) return known;
  const made = paley(base);
  bases.set(base, made);
  return made;
}

export function transposed(matrix: F32, size: number): F32 {
  return matrix.map((_, i) => matrix[(i % size) * size + Math.floor(i / size)]);
}

/**
 * Returns the Hadamard matrix that `hadamard` multiplies by, before it is normalized: entries 1 and -1, H H^T = n I.
 *
 * Formula: B x S (Kronecker), S[i, j] = (-1)^(number of ones in i AND j) Sylvester's matrix of the largest possible power of two, B Paley's: for a field
 * of q elements, q prime or the square of one, of size q + 1 where q mod 4 = 3 (Paley I), else 2 (q + 1) (Paley II).
 *
 * Shapes: [n, n]. Numerics: exact. Cost: n^2.
 *
 * Compatible with: scipy's and sympy's `hadamard` for powers of two, to the entry.
 *
 * @param n 1 to 8192: a power of two, or a power of two times 12, 20, 28, 36, 44, 52, 60, 68, 76, 84, 100, 108 or 124; not every multiple of 4 (92 and 116 are not
 *   made by Paley).
 * @throws RangeError for other sizes, with the nearest ones that work.
 * @example
 * hadamardMatrix(2).data; // Int8Array [1, 1, 1, -1]
 * hadamardMatrix(12).shape; // [12, 12]
 * @see hadamard
 */
export function hadamardMatrix(n: number): Tensor & { readonly data: I8 } {
  const fn = 'hadamardMatrix';
  const size = checkInteger(fn, 'n', n, 1, MAX_WRITTEN);
  const { power, base } = checkHadamardSize(fn, 'n', size, 'pad with zeros');
  const outer = base === 1 ? Float32Array.of(1) : baseMatrix(base);
  const data = new Int8Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = Math.floor(i / power) * base;
    for (let j = 0; j < size; j++) {
      data[i * size + j] = outer[row + Math.floor(j / power)] * sylvester(i % power, j % power);
    }
  }
  return { data, shape: [size, size], dtype: 'int8' };
}

function sylvester(i: number, j: number): 1 | -1 {
  let sign: 1 | -1 = 1;
  for (let both = i & j; both !== 0; both &= both - 1) sign = sign === 1 ? -1 : 1;
  return sign;
}

/** The field behind the matrix of this size: Paley I before Paley II. */
function paleyField(size: number): Field | null {
  const first = fieldOf(size - 1);
  if (first !== null && (size - 1) % 4 === 3) return first;
  const second = fieldOf(size / 2 - 1);
  return second !== null && (size / 2 - 1) % 4 === 1 ? second : null;
}

function fieldOf(q: number): Field | null {
  if (isPrime(q)) return { prime: q, isSquare: false };
  const root = Math.sqrt(q);
  return isPrime(root) ? { prime: root, isSquare: true } : null;
}

function isPrime(n: number): boolean {
  if (!Number.isInteger(n) || n < 2) return false;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
}

function paley(size: number): F32 {
  const field = paleyField(size);
  if (field === null) throw new Error(`no matrix of Paley has ${size} rows`);
  const q = field.isSquare ? field.prime ** 2 : field.prime;
  return q + 1 === size ? paleyOne(field, q) : paleyTwo(field, q);
}

/** I + C, where C is skew-symmetric: 1 in its first row, -1 in its first column, chi(i - j) else. */
function paleyOne(field: Field, q: number): F32 {
  const n = q + 1;
  const entry = (i: number, j: number): number => {
    if (i === j) return 1;
    if (i === 0) return 1;
    return j === 0 ? -1 : character(field, i - 1, j - 1);
  };
  return Float32Array.from({ length: n * n }, (_, at) => entry(Math.floor(at / n), at % n));
}

/** The symmetric C with 0 replaced by [[1, -1], [-1, -1]], 1 by [[1, 1], [1, -1]] and -1 by its negative. */
function paleyTwo(field: Field, q: number): F32 {
  const n = 2 * (q + 1);
  const conference = (i: number, j: number): number => {
    if (i === j) return 0;
    return i === 0 || j === 0 ? 1 : character(field, i - 1, j - 1);
  };
  const entry = (i: number, j: number): number => {
    const c = conference(i >> 1, j >> 1);
    const isLast = i % 2 === 1 && j % 2 === 1;
    if (c !== 0) return isLast ? -c : c;
    return i % 2 === 0 && j % 2 === 0 ? 1 : -1;
  };
  return Float32Array.from({ length: n * n }, (_, at) => entry(Math.floor(at / n), at % n));
}

/** 1 if element i - j of the field is a square, -1 if not. In a field of p^2 elements a + b sqrt(r) that is whether a^2 - r b^2 is one modulo p. */
function character({ prime, isSquare }: Field, i: number, j: number): 1 | -1 {
  if (!isSquare) return legendre(i - j, prime);
  const a = (i % prime) - (j % prime);
  const b = Math.floor(i / prime) - Math.floor(j / prime);
  let root = 2;
  while (legendre(root, prime) === 1) root++;
  return legendre(a * a - root * b * b, prime);
}

/** Whether `a`, no multiple of the prime, is a square modulo it. */
function legendre(a: number, prime: number): 1 | -1 {
  const rest = ((a % prime) + prime) % prime;
  for (let x = 1; x <= prime / 2; x++) if ((x * x) % prime === rest) return 1;
  return -1;
}
