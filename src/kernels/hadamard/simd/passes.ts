/** Butterflies over a run of `run` bytes whose pairs lie `h` bytes apart: one, two or three steps in registers, the last of all with the scale. */

export function two(at: usize, run: usize, h: usize, factor: v128, isLast: bool): void {
  const scale = isLast ? factor : f32x4.splat(1);
  for (let block = at; block < at + run; block += 2 * h) {
    for (let i = block; i < block + h; i += 16) {
      const a = v128.load(i);
      const b = v128.load(i + h);
      v128.store(i, f32x4.mul(f32x4.add(a, b), scale));
      v128.store(i + h, f32x4.mul(f32x4.sub(a, b), scale));
    }
  }
}

export function four(at: usize, run: usize, h: usize, factor: v128, isLast: bool): void {
  const scale = isLast ? factor : f32x4.splat(1);
  for (let block = at; block < at + run; block += 4 * h) {
    for (let i = block; i < block + h; i += 16) {
      const j = i + 2 * h;
      const a = v128.load(i);
      const b = v128.load(i + h);
      const c = v128.load(j);
      const d = v128.load(j + h);
      const sum = f32x4.add(a, b);
      const difference = f32x4.sub(a, b);
      const sum2 = f32x4.add(c, d);
      const difference2 = f32x4.sub(c, d);
      v128.store(i, f32x4.mul(f32x4.add(sum, sum2), scale));
      v128.store(i + h, f32x4.mul(f32x4.add(difference, difference2), scale));
      v128.store(j, f32x4.mul(f32x4.sub(sum, sum2), scale));
      v128.store(j + h, f32x4.mul(f32x4.sub(difference, difference2), scale));
    }
  }
}

export function eight(at: usize, run: usize, h: usize, factor: v128, isLast: bool): void {
  if (isLast) {
    for (let block = at; block < at + run; block += 8 * h) {
      for (let i = block; i < block + h; i += 16) eightAt(i, h, factor, true);
    }
  } else {
    for (let block = at; block < at + run; block += 8 * h) {
      for (let i = block; i < block + h; i += 16) eightAt(i, h, factor, false);
    }
  }
}

// @ts-ignore: decorator
@inline
function eightAt(i: usize, h: usize, factor: v128, isLast: bool): void {
  const j = i + 2 * h;
  const k = i + 4 * h;
  const l = k + 2 * h;
  let a = v128.load(i);
  let b = v128.load(i + h);
  let c = v128.load(j);
  let d = v128.load(j + h);
  let e = v128.load(k);
  let f = v128.load(k + h);
  let g = v128.load(l);
  let m = v128.load(l + h);
  let t = f32x4.sub(a, b);
  a = f32x4.add(a, b);
  b = t;
  t = f32x4.sub(c, d);
  c = f32x4.add(c, d);
  d = t;
  t = f32x4.sub(e, f);
  e = f32x4.add(e, f);
  f = t;
  t = f32x4.sub(g, m);
  g = f32x4.add(g, m);
  m = t;
  t = f32x4.sub(a, c);
  a = f32x4.add(a, c);
  c = t;
  t = f32x4.sub(b, d);
  b = f32x4.add(b, d);
  d = t;
  t = f32x4.sub(e, g);
  e = f32x4.add(e, g);
  g = t;
  t = f32x4.sub(f, m);
  f = f32x4.add(f, m);
  m = t;
  store(i, f32x4.add(a, e), factor, isLast);
  store(i + h, f32x4.add(b, f), factor, isLast);
  store(j, f32x4.add(c, g), factor, isLast);
  store(j + h, f32x4.add(d, m), factor, isLast);
  store(k, f32x4.sub(a, e), factor, isLast);
  store(k + h, f32x4.sub(b, f), factor, isLast);
  store(l, f32x4.sub(c, g), factor, isLast);
  store(l + h, f32x4.sub(d, m), factor, isLast);
}

// @ts-ignore: decorator
@inline
function store(at: usize, v: v128, factor: v128, isLast: bool): void {
  if (isLast) v128.store(at, f32x4.mul(v, factor));
  else v128.store(at, v);
}
