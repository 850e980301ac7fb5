/**
 * Seeded random numbers that are the same on every engine: whole-number operations on 32 bits, and in float64 only
 * +, -, *, / and sqrt, which IEEE 754 rounds in one way.
 *
 * hash32(seed, position) is a function of its two arguments alone, so that tiles, workers and the kernels' twins draw
 * the same number for the same element. Exactly (all numbers are uint32, + and * modulo 2^32, >> is logical):
 *
 *   mix(x):  x ^= x >> 16;  x *= 0x21f0aaad;  x ^= x >> 15;  x *= 0x735a2d97;  x ^= x >> 15
 *   key     = mix(mix(mix(low(seed) + 0x9e3779b9) ^ high(seed)) + high(position))
 *   tweak   = mix(key ^ 0x85ebca6b)
 *   hash32  = mix(mix(low(position) + key) ^ tweak)
 *
 * where low(n) = n mod 2^32 and high(n) = floor(n / 2^32). For one seed and one high(position) it is a permutation of
 * the 2^32 low positions. Two rounds are used since one would give two seeds the same numbers in another order.
 */
import type { U32 } from './arrays.js';
import { rangeError, typeError } from './errors.js';
import { naturalLog } from './logarithm.js';

const TWO_32 = 4294967296;

/** The bijection of uint32 named above. */
export function mix32(x: number): number {
  let bits = x | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return (bits ^ (bits >>> 15)) >>> 0;
}

/** `key` above: what stays the same for a seed over 2^32 positions. `positionHigh` = floor(position / 2^32). */
export function hashKey(seed: number, positionHigh: number): number {
  const high = Math.floor(seed / TWO_32) | 0;
  const low = (seed % TWO_32) | 0;
  return mix32(mix32(mix32(low + 0x9e3779b9) ^ high) + positionHigh);
}

/** `tweak` above. */
export function hashTweak(key: number): number {
  return mix32(key ^ 0x85ebca6b);
}

/** The last line above; `positionLow` = position mod 2^32. */
export function hashAt(key: number, tweak: number, positionLow: number): number {
  return mix32(mix32(positionLow + key) ^ tweak);
}

/**
 * A uint32 that depends on `seed` and `position` alone; both are whole numbers from 0 to 2^53 - 1 (not checked here).
 * Loops keep hashKey and hashTweak outside and call hashAt, or use hashInto.
 */
export function hash32(seed: number, position: number): number {
  const key = hashKey(seed, Math.floor(position / TWO_32));
  return hashAt(key, hashTweak(key), position % TWO_32);
}

/** out[i] = hash32(seed, position + i): four of the six mixes are made once, not per element. */
export function hashInto(out: U32, seed: number, position: number): void {
  const high = Math.floor(position / TWO_32);
  const low = position % TWO_32;
  // Low positions wrap at most once: no array has 2^32 elements.
  const wrap = Math.min(out.length, TWO_32 - low);
  hashRun(out, 0, wrap, hashKey(seed, high), low);
  if (wrap < out.length) hashRun(out, wrap, out.length, hashKey(seed, high + 1), 0);
}

function hashRun(out: U32, begin: number, end: number, key: number, positionLow: number): void {
  const tweak = hashTweak(key);
  for (let i = begin; i < end; i++) out[i] = hashAt(key, tweak, positionLow + (i - begin));
}

/** A stream of random numbers: hash32(seed, 0), hash32(seed, 1) ... */
export interface Random {
  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number;
  /** A multiple of 2^-53 in [0, 1): two draws, 27 and 26 bits. */
  float(): number;
  /** A standard normal number. */
  normal(): number;
}

/** `seed` when it is a whole number from 0 to 2^53 - 1, else the named error. */
export function checkSeed(fn: string, seed: unknown): number {
  if (typeof seed !== 'number') {
    throw typeError(fn, 'seed', 'a whole number from 0 to 2^53 - 1', seed, 'pass a number such as 1');
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw rangeError(fn, 'seed', 'a whole number from 0 to 2^53 - 1', seed, 'pass a number such as 1');
  }
  return seed;
}

/**
 * Returns a seeded generator whose numbers are the same on every engine.
 *
 * Numerics: `normal` is Marsaglia's polar method; its logarithm is a series in +, -, *, / (below 2 ulp), since the bits
 * of Math.log are the engine's choice.
 *
 * @param seed a whole number from 0 to 2^53 - 1
 * @throws TypeError or RangeError for any other seed.
 * @example
 * const random = createRandom(7);
 * const weights = Float32Array.from({ length: 4 }, () => random.normal());
 */
export function createRandom(seed: number): Random {
  checkSeed('createRandom', seed);
  let position = 0;
  let spare = 0;
  let hasSpare = false;

  const uint32 = (): number => hash32(seed, position++);
  const float = (): number => {
    const high = uint32() >>> 5;
    const low = uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  };
  const normal = (): number => {
    if (hasSpare) {
      hasSpare = false;
      return spare;
    }
    for (;;) {
      const a = 2 * float() - 1;
      const b = 2 * float() - 1;
      const square = a * a + b * b;
      if (square > 0 && square < 1) {
        const factor = Math.sqrt((-2 * naturalLog(square)) / square);
        spare = b * factor;
        hasSpare = true;
        return a * factor;
      }
    }
  };
  return { uint32, float, normal };
}
