/** The hash of ../../core/random.ts, where it is defined and explained. All arithmetic wraps at 2^32. */

const TWO_32: f64 = 4294967296.0;

// @ts-ignore: decorator
@inline
function mix(x: u32): u32 {
  x = (x ^ (x >> 16)) * 0x21f0aaad;
  x = (x ^ (x >> 15)) * 0x735a2d97;
  return x ^ (x >> 15);
}

/** floor(position / 2^32): the key stays the same while this does. */
// @ts-ignore: decorator
@inline
export function high(n: f64): u32 {
  return <u32>floor(n / TWO_32);
}

// @ts-ignore: decorator
@inline
function low(n: f64): u32 {
  return <u32>(n - floor(n / TWO_32) * TWO_32);
}

export function hashKey(seed: f64, positionHigh: u32): u32 {
  return mix(mix(mix(low(seed) + 0x9e3779b9) ^ high(seed)) + positionHigh);
}

// @ts-ignore: decorator
@inline
export function hashAt(key: u32, position: f64): u32 {
  return mix(mix(low(position) + key) ^ mix(key ^ 0x85ebca6b));
}
