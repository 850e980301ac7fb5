/**
 * Panels: `lines` rows of A or columns of B in groups of `width`, each group [depth][width], so that a tile's inner loop reads both
 * operands as they lie. The last group is filled up with +0. Strides are in bytes.
 */

export function packF32(
  to: usize,
  from: usize,
  lineStride: usize,
  step: usize,
  lines: i32,
  depth: i32,
  width: i32,
): void {
  for (let line = 0; line < lines; line += width) {
    const count = min(width, lines - line);
    if (count == width && lineStride == 4) {
      let at = from;
      for (let k = 0; k < depth; k++, at += step, to += width << 2) {
        v128.store(to, v128.load(at));
        if (width == 8) v128.store(to, v128.load(at, 16), 16);
      }
    } else {
      for (let l = 0; l < width; l++) {
        let at = from + <usize>l * lineStride;
        let target = to + (<usize>l << 2);
        for (let k = 0; k < depth; k++, at += step, target += width << 2) {
          f32.store(target, l < count ? f32.load(at) : 0);
        }
      }
      to += (<usize>depth * width) << 2;
    }
    from += width * lineStride;
  }
}

export function packF64(
  to: usize,
  from: usize,
  lineStride: usize,
  step: usize,
  lines: i32,
  depth: i32,
): void {
  for (let line = 0; line < lines; line += 4) {
    const count = min(4, lines - line);
    if (count == 4 && lineStride == 8) {
      let at = from;
      for (let k = 0; k < depth; k++, at += step, to += 32) {
        v128.store(to, v128.load(at));
        v128.store(to, v128.load(at, 16), 16);
      }
    } else {
      for (let l = 0; l < 4; l++) {
        let at = from + <usize>l * lineStride;
        let target = to + (<usize>l << 3);
        for (let k = 0; k < depth; k++, at += step, target += 32) {
          f64.store(target, l < count ? f64.load(at) : 0);
        }
      }
      to += <usize>depth << 5;
    }
    from += 4 * lineStride;
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
