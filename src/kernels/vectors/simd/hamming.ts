/** Hamming distances: 16 bytes at once; counts of up to 31 registers fit in bytes before they are widened. */

export function hamming(out: usize, query: usize, codes: usize, count: i32, bytes: i32): void {
  const length = <usize>bytes;
  const whole = length & ~15;
  for (let i = 0; i < count; i++) {
    let total = i32x4.splat(0);
    let b: usize = 0;
    while (b < whole) {
      const end = min(b + 31 * 16, whole);
      let bits = i8x16.splat(0);
      for (; b < end; b += 16) {
        bits = i8x16.add(bits, i8x16.popcnt(v128.xor(v128.load(query + b), v128.load(codes + b))));
      }
      total = i32x4.add(total, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bits)));
    }
    let sum =
      i32x4.extract_lane(total, 0) +
      i32x4.extract_lane(total, 1) +
      i32x4.extract_lane(total, 2) +
      i32x4.extract_lane(total, 3);
    for (; b + 8 <= length; b += 8) sum += <i32>popcnt<u64>(load<u64>(query + b) ^ load<u64>(codes + b));
    for (; b < length; b++) sum += <i32>popcnt<u32>(<u32>(load<u8>(query + b) ^ load<u8>(codes + b)));
    i32.store(out, sum);
    out += 4;
    codes += length;
  }
}
