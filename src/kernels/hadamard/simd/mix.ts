/** The step of a Hadamard matrix whose size is no power of two: four columns at once, in the lanes. */

/** A column of at most 128 elements, four wide. */
const column = memory.data(128 * 16, 16);

export function mix(at: usize, run: usize, base: i32, matrix: usize, factor: v128): void {
  const height = <usize>base;
  for (let a: usize = 0; a < run; a += 16) {
    const top = at + a;
    for (let j: usize = 0; j < height; j++) v128.store(column + (j << 4), v128.load(top + j * run));
    for (let i: usize = 0; i < height; i++) {
      const row = matrix + ((i * height) << 2);
      v128.store(top + i * run, f32x4.mul(product(row, height), factor));
    }
  }
}

function product(row: usize, height: usize): v128 {
  let even = fourTerms(row, 0);
  if (height == 4) return even;
  let odd = fourTerms(row, 4);
  for (let j: usize = 8; j < height; j += 8) {
    even = f32x4.add(even, fourTerms(row, j));
    if (j + 4 < height) odd = f32x4.add(odd, fourTerms(row, j + 4));
  }
  return f32x4.add(even, odd);
}

// @ts-ignore: decorator
@inline
function fourTerms(row: usize, j: usize): v128 {
  const signs = row + (j << 2);
  const at = column + (j << 4);
  const first = f32x4.add(
    f32x4.mul(v128.load32_splat(signs), v128.load(at)),
    f32x4.mul(v128.load32_splat(signs, 4), v128.load(at, 16)),
  );
  const second = f32x4.add(
    f32x4.mul(v128.load32_splat(signs, 8), v128.load(at, 32)),
    f32x4.mul(v128.load32_splat(signs, 12), v128.load(at, 48)),
  );
  return f32x4.add(first, second);
}
