/** The definitions of integer/types.ts, as they read. */
import type { F32 } from '../../core/arrays.js';
import type { GroupedCodes, IntegerKernels, RequantizeRule } from './types.js';

export const referenceInteger: IntegerKernels = {
  name: 'reference',

  products(out, a, b, m, n, k) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        // At most 2^23 each: float64 holds every sum.
        let sum = 0;
        for (let c = 0; c < k; c++) sum += a[i * k + c] * b[j * k + c];
        out[i * n + j] = sum | 0;
      }
    }
  },

  requantize(out, acc, rows, channels, rule) {
    for (let i = 0; i < rows * channels; i++) {
      const c = i % channels;
      const x = saturate(BigInt(acc[i]) + BigInt(rule.bias === null ? 0 : rule.bias[c]));
      const code = Number(scaled(x, c, rule)) + rule.zeroPoint;
      out[i] = Math.min(Math.max(code, rule.codeMin), rule.codeMax);
    }
  },

  groupDots(y, w, x, sums, part) {
    const { rows, columns, group, bits } = w;
    for (let r = 0; r < rows; r++) {
      const total = new Float32Array(4);
      for (let p = 0; p < columns / part; p++) {
        const g = r * (columns / group) + Math.floor((p * part) / group);
        const lanes = [-offsetOf(w, g) * sums[p], 0, 0, 0];
        for (let k = p * part; k < (p + 1) * part; k++) {
          const lane = bits === 8 ? Math.floor((k % 8) / 2) : Math.floor((k % 32) / 8);
          lanes[lane] += codeOf(w, r * columns + k) * x[k];
        }
        lanes.forEach((lane, l) => {
          total[l] += Math.fround(Math.fround(lane | 0) * w.scale[g]);
        });
      }
      y[r] = addLanes(total);
    }
  },

  weightDots(y, w, x, sums) {
    const { rows, columns, group, bits } = w;
    const turn = bits === 8 && w.codes instanceof Uint8Array ? 128 : 0;
    for (let r = 0; r < rows; r++) {
      const total = new Float32Array(4);
      for (let j = 0; j < columns / group; j++) {
        const g = r * (columns / group) + j;
        const lanes = new Float32Array(4);
        lanes[0] = Math.fround(offsetOf(w, g) - turn) * -sums[j];
        for (let k = j * group; k < (j + 1) * group; k++) {
          const lane = bits === 8 ? Math.floor((k % 16) / 4) : Math.floor((k % 32) / 8);
          const power = 2 ** (bits === 8 ? 24 : 4 * (k % 4));
          const code = codeOf(w, r * columns + k) - turn;
          lanes[lane] += Math.fround(code * power * Math.fround(x[k] / power));
        }
        for (let l = 0; l < 4; l++) total[l] += Math.fround(lanes[l] * w.scale[g]);
      }
      y[r] = addLanes(total);
    }
  },
};

function codeOf(w: GroupedCodes, i: number): number {
  if (w.bits === 8) return w.codes[i];
  return (w.codes[i >> 1] >> (4 * (i % 2))) & 15;
}

function offsetOf(w: GroupedCodes, g: number): number {
  return w.offsets === null ? w.offset : w.offsets[g];
}

function addLanes(t: F32): number {
  return Math.fround(t[0] + t[2]) + Math.fround(t[1] + t[3]);
}

function scaled(x: bigint, c: number, { multiplier, shift, isSingle }: RequantizeRule): bigint {
  const m = BigInt(multiplier[c]);
  const right = BigInt(Math.max(-shift[c], 0));
  const left = BigInt(Math.max(shift[c], 0));
  if (isSingle) {
    const total = 31n + right - left;
    return saturate((x * m + (1n << (total - 1n))) >> total);
  }
  const high = saturate((saturate(x << left) * m + (1n << 30n)) >> 31n);
  const magnitude = high < 0n ? -high : high;
  const half = right === 0n ? 0n : 1n << (right - 1n);
  const rounded = (magnitude + half) >> right;
  return high < 0n ? -rounded : rounded;
}

function saturate(x: bigint): bigint {
  if (x > 2147483647n) return 2147483647n;
  return x < -2147483648n ? -2147483648n : x;
}
