import fc from 'fast-check';
import {
  dequantizeCodebook,
  errorBound,
  quantizeCodebook,
  type CodebookName,
  type CodebookTensor,
  type QuantizeCodebookOptions,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { LARGEST_ERRORS } from '../../../src/quantize/codebook/codebook-bound.js';
import { namedCodebook } from '../../../src/quantize/codebook/codebook-tables.js';
import { anyCodebookOptions, anyHardBlocks, anyLevels, anyMagnitude, NAMES } from '../../support/codebook.js';
import { anyFloats } from '../../support/kernels.js';

/** Throws when an element's or the whole tensor's error exceeds the bound. */
function checkBound(x: ArrayLike<number>, c: CodebookTensor): void {
  const { maxAbs, l2 } = errorBound(c);
  const values = dequantizeCodebook(c);
  let squares = 0;
  for (let i = 0; i < x.length; i++) {
    const error = Math.abs(x[i] - values[i]);
    if (!(error <= maxAbs))
      throw new Error(`x[${i}] = ${x[i]} became ${values[i]}: ${error} exceeds ${maxAbs}`);
    squares += error * error;
  }
  expect(Math.sqrt(squares)).toBeLessThanOrEqual(l2);
}

const BLOCK = 6;

describe.each(NAMES)('the largest error of %s', (codebook) => {
  it('is the constant that is proved, times absmax, in blocks of numbers on thresholds and beside them', () => {
    fc.assert(
      fc.property(anyHardBlocks(codebook, BLOCK), (x) => {
        const c = quantizeCodebook(x, { codebook, blockSize: BLOCK });
        const values = dequantizeCodebook(c);
        const absmax = c.absmax as Float32Array;
        for (let i = 0; i < x.length; i++) {
          const part = Math.abs(x[i] - values[i]) / absmax[Math.floor(i / BLOCK)];
          if (part > LARGEST_ERRORS[codebook]) throw new Error(`x[${i}] = ${x[i]} is off by ${part}`);
        }
        checkBound(x, c);
      }),
      { numRuns: 10_000 },
    );
  });

  it('is reached within 1 %', () => {
    const { thresholds } = namedCodebook(codebook);
    const near = Array.from(thresholds, (t) => [
      t,
      Math.fround(t * (1 + 2 ** -23)),
      Math.fround(t * (1 - 2 ** -23)),
    ]);
    const x = Float32Array.of(...near.flat(), 1, -1);
    const c = quantizeCodebook(x, { codebook, blockSize: x.length });
    const values = dequantizeCodebook(c);
    const largest = Math.max(...x.map((v, i) => Math.abs(v - values[i])));
    expect(largest).toBeGreaterThan(0.99 * LARGEST_ERRORS[codebook]);
    expect(largest).toBeGreaterThan(0.99 * errorBound(c).maxAbs);
    expect(errorBound(c).maxAbs).toBeLessThanOrEqual(LARGEST_ERRORS[codebook]);
  });
});

describe('errorBound of codebook tensors', () => {
  const anyValues = fc.oneof(
    fc.nat(40).chain((size) => anyFloats(size)),
    fc.tuple(fc.nat(40), anyMagnitude).chain(([size, magnitude]) =>
      fc.array(
        fc.float({ min: -1, max: 1, noNaN: true }).map((v) => v * magnitude),
        { minLength: size, maxLength: size },
      ),
    ),
  );
  const finite = anyValues.map((values) => values.map((v) => (Number.isFinite(Math.fround(v)) ? v : 1)));

  it('is never exceeded by float32 input, whatever the options', () => {
    fc.assert(
      fc.property(finite, anyCodebookOptions, (values, options) => {
        const x = Float32Array.from(values);
        checkBound(x, quantizeCodebook(x, options));
      }),
      { numRuns: 10_000 },
    );
  });

  it('is never exceeded by float64 input, whose first rounding it includes', () => {
    fc.assert(
      fc.property(
        finite,
        fc.double({ min: 0.9, max: 1.1, noNaN: true }),
        anyCodebookOptions,
        (values, f, options) => {
          const x = Float64Array.from(values, (v) => (Math.abs(v) < 1e38 ? v * f : v));
          checkBound(x, quantizeCodebook(x, options));
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('is never exceeded with nested absmax, of many blocks of many sizes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<CodebookName>('nf4', 'fp4'),
        fc.array(fc.tuple(anyMagnitude, fc.float({ min: -1, max: 1, noNaN: true })), {
          minLength: 1,
          maxLength: 300,
          size: 'max',
        }),
        (codebook, pairs) => {
          const x = Float32Array.from(pairs.flatMap(([absmax, part]) => [absmax * part, absmax]));
          checkBound(x, quantizeCodebook(x, { codebook, blockSize: 2, doubleQuant: true }));
        },
      ),
      { numRuns: 10_000 },
    );
  });

  it('is reached within 1 % by levels of any kind, in blocks and without', () => {
    fc.assert(
      fc.property(anyLevels, fc.boolean(), (levels, inBlocks) => {
        const inside = inBlocks ? levels.filter((level) => Math.abs(level) <= 1) : levels;
        if (inside.length < 2) return;
        const middles = inside.slice(1).map((level, i) => (level + inside[i]) / 2);
        const x = Float32Array.of(...inside, ...middles, ...(inBlocks ? [1, -1] : []));
        const c = quantizeCodebook(x, { codebook: inside, blockSize: inBlocks ? x.length : null });
        const values = dequantizeCodebook(c);
        const largest = Math.max(...x.map((v, i) => Math.abs(v - values[i])));
        const { maxAbs } = errorBound(c);
        checkBound(x, c);
        // Closer than this the rounding of float32, which the bound has to allow for, is what remains.
        if (maxAbs > Math.max(1e-4 * Math.max(...x.map(Math.abs)), 2 ** -120))
          expect(largest).toBeGreaterThan(0.99 * maxAbs);
      }),
      { numRuns: 2000 },
    );
  });

  it('is reached within 1 % with nested absmax', () => {
    // Less their mean the magnitudes are -1/3, -1/3 and 2/3: twice halfway between levels of the dynamic map, nearly.
    const x = Float32Array.from([1, 1, 2].flatMap((absmax) => [-0.8480963 * absmax, absmax]));
    const c = quantizeCodebook(x, { codebook: 'nf4', blockSize: 2, doubleQuant: true });
    const values = dequantizeCodebook(c);
    const largest = Math.max(...x.map((v, i) => Math.abs(v - values[i])));
    checkBound(x, c);
    expect(largest).toBeGreaterThan(0.99 * errorBound(c).maxAbs);
  });

  it('is what float64 can lose to 0 for zeros, 0 for nothing, and Infinity where a level lies beyond float32', () => {
    const options: QuantizeCodebookOptions = { codebook: 'nf4' };
    expect(errorBound(quantizeCodebook(new Float32Array(9), options)).maxAbs).toBeLessThan(2 ** -149);
    expect(errorBound(quantizeCodebook(new Float32Array(0), options))).toEqual({ maxAbs: 0, l2: 0 });
    const huge = quantizeCodebook(Float32Array.of(3e38), { codebook: [-1, 2], blockSize: 1 });
    expect(errorBound(huge).maxAbs).toBe(Infinity);
  });

  it('counts how far values lie beyond the outermost levels where there are no blocks', () => {
    const c = quantizeCodebook(Float32Array.of(0, 5, -3), { codebook: [-1, 0, 1] });
    expect(c.overflow).toBeCloseTo(4, 12);
    expect(errorBound(c).maxAbs).toBeCloseTo(4, 5);
  });
});
