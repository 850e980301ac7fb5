/**
 * Lookups in tables of 16 numbers of four bytes: byte k of number n is byte n of plane k, so four lookups of bytes find 16 numbers,
 * whose bytes are then put together: first bytes 0 and 1, and 2 and 3, by firstHalves and lastHalves of pack.ts, then those halves.
 */

/** The bytes of two vectors that stand at even places, then those at odd ones. */
// @ts-ignore: decorator
@inline
export function evens(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}

// @ts-ignore: decorator
@inline
export function odds(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

/** Numbers of four bytes out of their lower and upper halves. */
// @ts-ignore: decorator
@inline
export function firstFour(lower: v128, upper: v128): v128 {
  return i16x8.shuffle(lower, upper, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
export function lastFour(lower: v128, upper: v128): v128 {
  return i16x8.shuffle(lower, upper, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** Stores the four planes of 16 numbers. */
export function storePlanes(planes: usize, a: v128, b: v128, c: v128, d: v128): void {
  const even0 = evens(a, b);
  const even1 = evens(c, d);
  const odd0 = odds(a, b);
  const odd1 = odds(c, d);
  v128.store(planes, evens(even0, even1));
  v128.store(planes, evens(odd0, odd1), 16);
  v128.store(planes, odds(even0, even1), 32);
  v128.store(planes, odds(odd0, odd1), 48);
}
