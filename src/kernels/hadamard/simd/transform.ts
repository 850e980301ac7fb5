/**
 * Hadamard transforms of rows. The first pass copies a row and takes the steps h = 1, 2, 4 and 8 on 16 elements in four registers, further passes
 * take three steps each on 8 registers: 4096 elements, which stay in the first cache, are read and written four times in place of twelve.
 */
import { mix } from './mix';
import { eight, four, two } from './passes';

export function hadamard(
  out: usize,
  x: usize,
  rows: i32,
  power: i32,
  base: i32,
  matrix: usize,
  before: usize,
  after: usize,
  scale: f32,
): void {
  const bytes = <usize>(power * base) << 2;
  const run = <usize>power << 2;
  const factor = f32x4.splat(scale);
  for (let r = 0; r < rows; r++) {
    const end = out + bytes;
    if (power >= 16) {
      if (before == 0) firstSixteen(out, x, bytes);
      else firstSixteenSigned(out, x, before, bytes);
    } else firstFour(out, x, before, bytes);
    const first: usize = power >= 16 ? 16 : 4;
    let isScaled = false;
    for (let at = out; at < end; at += run) {
      let h: usize = first << 2;
      while (h < run) {
        const isLast = base == 1 && (h << 3) >= run;
        isScaled = isScaled || isLast;
        if ((h << 3) <= run) {
          eight(at, run, h, factor, isLast);
          h <<= 3;
        } else if ((h << 2) <= run) {
          four(at, run, h, factor, isLast);
          h <<= 2;
        } else {
          two(at, run, h, factor, isLast);
          h <<= 1;
        }
      }
    }
    if (base > 1) mix(out, run, base, matrix, factor);
    else if (!isScaled) multiply(out, bytes, factor);
    if (after != 0) multiplyBy(out, after, bytes);
    out += bytes;
    x += bytes;
  }
}

/** The steps h = 1 and 2 inside a register. */
// @ts-ignore: decorator
@inline
function inner(v: v128): v128 {
  const a = f32x4.add(
    v128.shuffle<f32>(v, v, 0, 0, 2, 2),
    v128.xor(v128.shuffle<f32>(v, v, 1, 1, 3, 3), i32x4(0, 0x80000000, 0, 0x80000000)),
  );
  return f32x4.add(
    v128.shuffle<f32>(a, a, 0, 1, 0, 1),
    v128.xor(v128.shuffle<f32>(a, a, 2, 3, 2, 3), i32x4(0, 0, 0x80000000, 0x80000000)),
  );
}

// @ts-ignore: decorator
@inline
function storeSixteen(out: usize, a: v128, b: v128, c: v128, d: v128): void {
  const e = inner(a);
  const f = inner(b);
  const g = inner(c);
  const h = inner(d);
  const low = f32x4.add(e, f);
  const lowDifference = f32x4.sub(e, f);
  const high = f32x4.add(g, h);
  const highDifference = f32x4.sub(g, h);
  v128.store(out, f32x4.add(low, high));
  v128.store(out, f32x4.add(lowDifference, highDifference), 16);
  v128.store(out, f32x4.sub(low, high), 32);
  v128.store(out, f32x4.sub(lowDifference, highDifference), 48);
}

function firstSixteen(out: usize, x: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 64) {
    const at = x + i;
    storeSixteen(out + i, v128.load(at), v128.load(at, 16), v128.load(at, 32), v128.load(at, 48));
  }
}

function firstSixteenSigned(out: usize, x: usize, signs: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 64) {
    const at = x + i;
    const by = signs + i;
    storeSixteen(
      out + i,
      f32x4.mul(v128.load(at), v128.load(by)),
      f32x4.mul(v128.load(at, 16), v128.load(by, 16)),
      f32x4.mul(v128.load(at, 32), v128.load(by, 32)),
      f32x4.mul(v128.load(at, 48), v128.load(by, 48)),
    );
  }
}

function firstFour(out: usize, x: usize, signs: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = v128.load(x + i);
    v128.store(out + i, inner(signs == 0 ? v : f32x4.mul(v, v128.load(signs + i))));
  }
}

function multiply(at: usize, bytes: usize, factor: v128): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(at + i, f32x4.mul(v128.load(at + i), factor));
}

function multiplyBy(at: usize, factors: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(at + i, f32x4.mul(v128.load(at + i), v128.load(factors + i)));
  }
}
