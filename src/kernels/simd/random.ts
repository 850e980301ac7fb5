/** placeholder until core's hash lands */
export function hash32(seed: i32, position: f64): u32 {
  const high = floor(position / 4294967296.0);
  let h = (<u32>seed) ^ (<u32>high * 0x9e3779b1) ^ <u32>(position - high * 4294967296.0);
  h ^= h >> 16;
  h *= 0x85ebca6b;
  h ^= h >> 13;
  h *= 0xc2b2ae35;
  h ^= h >> 16;
  return h;
}
