/** How far an input can lie from the value of its code. */
import type { F64, U16, U8 } from '../../core/arrays.js';
import { codeBits, decodeCode, type FloatFormat } from '../../core/float-formats.js';
import type { Rounding } from '../../core/rounding.js';

/**
 * The largest |x - value(code)| over all x that become `code`, Infinity for codes that are not finite.
 *
 * Proof: let below, v, above be the magnitudes of the code and its neighbours (above the largest one: one more unit). To
 * nearest, |x| lies in [(below + v) / 2, (v + above) / 2]; truncated in [v, above); stochastic in (below, above). An
 * unsigned format has no zero: what lies below its least value v is at most v away.
 */
export function boundOfCode(magnitude: number, format: FloatFormat, rounding: Rounding): number {
  if (magnitude > format.maxFiniteCode) return Infinity;
  const value = decodeCode(magnitude, format);
  const belowGap = magnitude === 0 ? 0 : value - decodeCode(magnitude - 1, format);
  const aboveGap =
    magnitude === format.maxFiniteCode ? unitOfLargest(format) : decodeCode(magnitude + 1, format) - value;
  if (!format.signed && magnitude === 0) return value;
  if (rounding === 'truncate') return aboveGap;
  const gap = Math.max(belowGap, aboveGap);
  return rounding === 'stochastic' ? gap : gap / 2;
}

/** Distance from the largest finite value to what would follow it. */
function unitOfLargest(format: FloatFormat): number {
  const largest = decodeCode(format.maxFiniteCode, format);
  return format.signed ? largest - decodeCode(format.maxFiniteCode - 1, format) : largest;
}

/** What rounds to the largest finite value without being clamped has at most this magnitude. */
export function coveredMagnitude(format: FloatFormat, rounding: Rounding): number {
  const unit = unitOfLargest(format);
  const directed = rounding === 'truncate' || rounding === 'stochastic';
  return decodeCode(format.maxFiniteCode, format) + (directed ? unit : unit / 2);
}

/** Over all codes: the largest distance, and the root of the sum of squares. `overflow` is added where values were clamped. */
export function boundOfCodes(
  codes: U16 | U8,
  format: FloatFormat,
  rounding: Rounding,
  overflow: number,
): { maxAbs: number; l2: number } {
  const counts = countMagnitudes(codes, format);
  let maxAbs = 0;
  let squares = 0;
  for (let magnitude = 0; magnitude < counts.length; magnitude++) {
    if (counts[magnitude] === 0) continue;
    const clamped = magnitude === format.maxFiniteCode ? overflow : 0;
    const bound = boundOfCode(magnitude, format, rounding) + clamped;
    maxAbs = Math.max(maxAbs, bound);
    squares += counts[magnitude] * bound * bound;
  }
  // At most 2^15 terms, each rounded three times: below 2^-36 relative, so 2^-32 makes the rounded sum a bound again.
  return { maxAbs, l2: Math.sqrt(squares) * (1 + 2 ** -32) };
}

function countMagnitudes(codes: U16 | U8, format: FloatFormat): F64 {
  const magnitudes = 2 ** (codeBits(format) - (format.signed ? 1 : 0));
  const counts = new Float64Array(magnitudes);
  for (let i = 0; i < codes.length; i++) counts[codes[i] & (magnitudes - 1)]++;
  return counts;
}
