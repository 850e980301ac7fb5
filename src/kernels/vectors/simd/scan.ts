/** One query against many codes. */

/** Four vectors at once: their sums are independent chains, and each entry of a table is one load. */
export function scanTables(
  out: usize,
  tables: usize,
  codes: usize,
  count: i32,
  subspaces: i32,
  centroids: i32,
): void {
  const row = <usize>subspaces;
  const size = <usize>centroids << 2;
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    let a: f32 = 0;
    let b: f32 = 0;
    let c: f32 = 0;
    let d: f32 = 0;
    let table = tables;
    for (let m: usize = 0; m < row; m++) {
      const at = codes + m;
      a += f32.load(table + (<usize>load<u8>(at) << 2));
      b += f32.load(table + (<usize>load<u8>(at + row) << 2));
      c += f32.load(table + (<usize>load<u8>(at + 2 * row) << 2));
      d += f32.load(table + (<usize>load<u8>(at + 3 * row) << 2));
      table += size;
    }
    f32.store(out, a);
    f32.store(out, b, 4);
    f32.store(out, c, 8);
    f32.store(out, d, 12);
    out += 16;
    codes += 4 * row;
  }
  for (; i < count; i++) {
    let sum: f32 = 0;
    let table = tables;
    for (let m: usize = 0; m < row; m++) {
      sum += f32.load(table + (<usize>load<u8>(codes + m) << 2));
      table += size;
    }
    f32.store(out, sum);
    out += 4;
    codes += row;
  }
}

export function scanSquares(
  out: usize,
  query: usize,
  low: usize,
  step: usize,
  codes: usize,
  count: i32,
  dimensions: i32,
): void {
  for (let i = 0; i < count; i++) {
    f32.store(out, oneVector(query, low, step, codes, dimensions, false));
    out += 4;
    codes += <usize>dimensions;
  }
}

export function scanDots(
  out: usize,
  query: usize,
  low: usize,
  step: usize,
  codes: usize,
  count: i32,
  dimensions: i32,
): void {
  for (let i = 0; i < count; i++) {
    f32.store(out, oneVector(query, low, step, codes, dimensions, true));
    out += 4;
    codes += <usize>dimensions;
  }
}

// @ts-ignore: decorator
@inline
function oneVector(query: usize, low: usize, step: usize, codes: usize, dimensions: i32, isDot: bool): f32 {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let d = dimensions;
  let at: usize = 0;
  for (; d >= 8; d -= 8) {
    const wide = v128.load_ext<u8>(codes + (at >> 2));
    const c0 = f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(wide));
    const c1 = f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(wide));
    const v0 = f32x4.add(v128.load(low + at), f32x4.mul(v128.load(step + at), c0));
    const v1 = f32x4.add(v128.load(low + at, 16), f32x4.mul(v128.load(step + at, 16), c1));
    const q0 = v128.load(query + at);
    const q1 = v128.load(query + at, 16);
    a0 = f32x4.add(a0, term(q0, v0, isDot));
    a1 = f32x4.add(a1, term(q1, v1, isDot));
    at += 32;
  }
  if (d == 0) return total(a0, a1);
  // The last, fewer than eight dimensions, one lane after the other.
  for (let l = 0; l < d; l++) {
    const q = f32.load(query + at);
    const v = f32.load(low + at) + f32.load(step + at) * <f32>load<u8>(codes + (at >> 2));
    const difference = q - v;
    const more = isDot ? q * v : difference * difference;
    if (l == 0) a0 = f32x4.replace_lane(a0, 0, f32x4.extract_lane(a0, 0) + more);
    else if (l == 1) a0 = f32x4.replace_lane(a0, 1, f32x4.extract_lane(a0, 1) + more);
    else if (l == 2) a0 = f32x4.replace_lane(a0, 2, f32x4.extract_lane(a0, 2) + more);
    else if (l == 3) a0 = f32x4.replace_lane(a0, 3, f32x4.extract_lane(a0, 3) + more);
    else if (l == 4) a1 = f32x4.replace_lane(a1, 0, f32x4.extract_lane(a1, 0) + more);
    else if (l == 5) a1 = f32x4.replace_lane(a1, 1, f32x4.extract_lane(a1, 1) + more);
    else a1 = f32x4.replace_lane(a1, 2, f32x4.extract_lane(a1, 2) + more);
    at += 4;
  }
  return total(a0, a1);
}

// @ts-ignore: decorator
@inline
function term(q: v128, v: v128, isDot: bool): v128 {
  const other = isDot ? v : f32x4.sub(q, v);
  return f32x4.mul(isDot ? q : other, other);
}

// @ts-ignore: decorator
@inline
function total(a0: v128, a1: v128): f32 {
  const p = f32x4.add(a0, a1);
  const even = f32x4.extract_lane(p, 0) + f32x4.extract_lane(p, 2);
  return even + (f32x4.extract_lane(p, 1) + f32x4.extract_lane(p, 3));
}
