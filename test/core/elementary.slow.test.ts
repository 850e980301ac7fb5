import { describe, expect, it } from 'vitest';
import { exponential, exponentialFloat32 } from '../../src/core/elementary.js';
import { isBrief } from '../support/brief.js';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Every float32, or in brief one of 17: a prime, so that all low bits occur. */
const STEP = isBrief ? 17 : 1;

/** The worst error over every float32 with this sign whose exponent is `exponent`, in last places of the result. */
function worstOf(sign: 0 | 1, exponent: number): number {
  let most = 0;
  const begin = ((sign << 31) | ((exponent + 127) << 23)) >>> 0;
  for (let mantissa = 0; mantissa < 2 ** 23; mantissa += STEP) {
    bits[0] = begin + mantissa;
    const x = float[0];
    const wanted = exponential(x);
    if (wanted > 3.4028234663852886e38 || wanted < 2 ** -150) continue;
    // The place of the result, from the exponent of its float32.
    float[0] = wanted;
    const place = 2 ** (Math.max(1, (bits[0] >>> 23) & 255) - 150);
    most = Math.max(most, Math.abs(exponentialFloat32(x) - wanted) / place);
  }
  return most;
}

describe('exp in float32', () => {
  it.each([0, 1] as const)('is within 1 ulp for every float32 from 2^-24 to 128 (sign %i)', (sign) => {
    const report: string[] = [];
    for (let exponent = -24; exponent <= 6; exponent++) {
      const most = worstOf(sign, exponent);
      report.push(`2^${exponent}: ${most.toFixed(4)}`);
      expect(most).toBeLessThanOrEqual(1);
    }
    process.stdout.write(`exp, sign ${sign}, worst ulp by exponent: ${report.join(', ')}\n`);
  });
});
