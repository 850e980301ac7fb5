/** Rows of bits: their columns are written out to `places`, 16 bits each, and multiplied like compressed rows. */
import { dot16 } from './csr';

/** Returns the number of values used. `places` has room for `columns` of 16 bits and 6 bytes more. */
export function bitmaskGemv(
  y: usize,
  values: usize,
  bits: usize,
  x: usize,
  rows: i32,
  columns: i32,
  places: usize,
): i32 {
  const rowBytes = (columns + 7) >> 3;
  const first = values;
  for (let r = 0; r < rows; r++) {
    const end = expand(bits, rowBytes, places);
    const count = <i32>((end - places) >> 1);
    f32.store(y, dot16(values, places, count, x));
    values += <usize>count << 2;
    bits += rowBytes;
    y += 4;
  }
  return <i32>((values - first) >> 2);
}

/** Columns of the set bits; returns the address behind the last. */
function expand(bits: usize, rowBytes: i32, to: usize): usize {
  let column = 0;
  for (; rowBytes >= 8; rowBytes -= 8) {
    for (let word = load<u64>(bits); word != 0; word &= word - 1) {
      store<u16>(to, <u16>(column + <i32>ctz(word)));
      to += 2;
    }
    bits += 8;
    column += 64;
  }
  for (; rowBytes > 0; rowBytes--) {
    for (let byte: u32 = load<u8>(bits); byte != 0; byte &= byte - 1) {
      store<u16>(to, <u16>(column + <i32>ctz(byte)));
      to += 2;
    }
    bits += 1;
    column += 8;
  }
  return to;
}
