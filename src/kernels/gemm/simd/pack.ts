/**
 * Panels: `lines` rows of A or columns of B in groups of `width`, each group [depth][width], so that a tile's inner loop reads both
 * operands as they lie. The last group is filled up with +0. Strides are in bytes.
 *
 * Where neighbouring lines are neighbours in memory, a whole cache line is read at a time and dealt to as many panels as it serves: with rows of
 * 8 KiB, which fall on one set of the first cache, each would else be read anew for every panel. Where the depth is contiguous,
 * squares are turned in registers.
 */

/** Bytes of a cache line. */
const LINE: i32 = 64;

export function packF32(
  to: usize,
  from: usize,
  lineStride: usize,
  step: usize,
  lines: i32,
  depth: i32,
  width: i32,
): void {
  const panel = (<usize>depth * width) << 2;
  let line = 0;
  if (lineStride == 4) {
    for (; line + 16 <= lines; line += 16, from += LINE, to += (16 / width) * panel) {
      dealLine(to, from, step, depth, <usize>width << 2, panel);
    }
  }
  for (; line < lines; line += width, from += width * lineStride, to += panel) {
    for (let l = 0; l < width; l += 4) {
      const count = min(4, lines - line - l);
      const at = from + <usize>l * lineStride;
      const target = to + (<usize>l << 2);
      if (count == 4 && step == 4) turnF32(target, at, lineStride, depth, <usize>width << 2);
      else {
        for (let j = 0; j < 4; j++) {
          copyF32(target + (<usize>j << 2), at + <usize>j * lineStride, step, depth, <usize>width << 2, j < count);
        }
      }
    }
  }
}

/** 64 bytes of each of `depth` rows to panels whose rows are `bytes` long, 16 or 32. */
function dealLine(to: usize, from: usize, step: usize, depth: i32, bytes: usize, panel: usize): void {
  const second = bytes == 32 ? 16 : panel;
  const third = bytes == 32 ? panel : 2 * panel;
  const fourth = third + second;
  for (let k = 0; k < depth; k++, from += step, to += bytes) {
    v128.store(to, v128.load(from));
    v128.store(to + second, v128.load(from, 16));
    v128.store(to + third, v128.load(from, 32));
    v128.store(to + fourth, v128.load(from, 48));
  }
}

/** Four lines whose depth is contiguous. */
function turnF32(to: usize, from: usize, lineStride: usize, depth: i32, bytes: usize): void {
  const line1 = from + lineStride;
  const line2 = line1 + lineStride;
  const line3 = line2 + lineStride;
  let k: usize = 0;
  const end = <usize>(depth & ~3) << 2;
  for (; k < end; k += 16) {
    const a = v128.load(from + k);
    const b = v128.load(line1 + k);
    const c = v128.load(line2 + k);
    const d = v128.load(line3 + k);
    const ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
    const cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
    const ab2 = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const cd2 = i32x4.shuffle(c, d, 2, 6, 3, 7);
    v128.store(to, i64x2.shuffle(ab, cd, 0, 2));
    v128.store(to + bytes, i64x2.shuffle(ab, cd, 1, 3));
    v128.store(to + 2 * bytes, i64x2.shuffle(ab2, cd2, 0, 2));
    v128.store(to + 3 * bytes, i64x2.shuffle(ab2, cd2, 1, 3));
    to += 4 * bytes;
  }
  for (; k < <usize>depth << 2; k += 4, to += bytes) {
    f32.store(to, f32.load(from + k));
    f32.store(to, f32.load(line1 + k), 4);
    f32.store(to, f32.load(line2 + k), 8);
    f32.store(to, f32.load(line3 + k), 12);
  }
}

function copyF32(to: usize, from: usize, step: usize, depth: i32, bytes: usize, isThere: bool): void {
  for (let k = 0; k < depth; k++, from += step, to += bytes) f32.store(to, isThere ? f32.load(from) : 0);
}

export function packF64(
  to: usize,
  from: usize,
  lineStride: usize,
  step: usize,
  lines: i32,
  depth: i32,
): void {
  const panel = <usize>depth << 5;
  let line = 0;
  if (lineStride == 8) {
    // Panels of four float64 have rows of 32 bytes: a cache line serves two.
    for (; line + 8 <= lines; line += 8, from += LINE, to += 2 * panel) {
      dealLine(to, from, step, depth, 32, panel);
    }
  }
  for (; line < lines; line += 4, from += 4 * lineStride, to += panel) {
    for (let l = 0; l < 4; l++) {
      const isThere = line + l < lines;
      let at = from + <usize>l * lineStride;
      let target = to + (<usize>l << 3);
      for (let k = 0; k < depth; k++, at += step, target += 32) {
        f64.store(target, isThere ? f64.load(at) : 0);
      }
    }
  }
}

/** As packF64, from float32 numbers: every one is a float64. */
export function packWide(
  to: usize,
  from: usize,
  lineStride: usize,
  step: usize,
  lines: i32,
  depth: i32,
): void {
  for (let line = 0; line < lines; line += 4) {
    const count = min(4, lines - line);
    if (count == 4 && lineStride == 4) {
      let at = from;
      for (let k = 0; k < depth; k++, at += step, to += 32) {
        v128.store(to, f64x2.promote_low_f32x4(v128.load64_zero(at)));
        v128.store(to, f64x2.promote_low_f32x4(v128.load64_zero(at, 8)), 16);
      }
    } else {
      for (let l = 0; l < 4; l++) {
        let at = from + <usize>l * lineStride;
        let target = to + (<usize>l << 3);
        for (let k = 0; k < depth; k++, at += step, target += 32) {
          f64.store(target, l < count ? <f64>f32.load(at) : 0);
        }
      }
      to += <usize>depth << 5;
    }
    from += 4 * lineStride;
  }
}
