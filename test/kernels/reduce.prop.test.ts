import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelsOf } from '../../src/kernels/dispatch.js';
import type { F32, F64 } from '../../src/core/arrays.js';
import type { Kernels } from '../../src/kernels/types.js';
import type { Layout, Where } from '../support/kernels.js';
import {
  anyFloat,
  anyFloats,
  anyLayout,
  anyPlace,
  bitsOf,
  clearArena,
  guarded,
  guardedCopy,
  list,
  runCount,
  twins,
} from '../support/kernels.js';

const reference = kernelsOf('reference');

interface Case {
  layout: Layout;
  values: number[];
  start: number[];
  from: Where;
  to: Where;
}

const anyCase: fc.Arbitrary<Case> = anyLayout.chain((layout) =>
  fc.record({
    layout: fc.constant(layout),
    values: anyFloats(layout.rows * layout.width),
    start: list(anyFloat, layout.width),
    from: anyPlace,
    to: anyPlace,
  }),
);

interface Output {
  array: F32 | F64;
  intact(): boolean;
}

/** Runs `call` on every twin and on the reference, and compares outputs, guard zones and inputs. */
function agree(
  { values, from, to }: Case,
  outputs: (place: Where) => Output[],
  call: (kernels: Kernels, outputs: Output[], x: F32) => void,
): void {
  const source = Float32Array.from(values);
  const expected = outputs({ inMemory: false, shift: 0 });
  call(reference, expected, source);
  for (const { label, kernels } of twins()) {
    clearArena();
    const x = guardedCopy(Float32Array, values, from);
    const found = outputs(to);
    call(kernels, found, x.array);
    found.forEach((output, i) => {
      expect(bitsOf(output.array), label).toBe(bitsOf(expected[i].array));
      expect(output.intact(), `${label} wrote outside its output`).toBe(true);
    });
    expect(bitsOf(x.array), `${label} changed its input`).toBe(bitsOf(source));
  }
}

const check = (law: (c: Case) => void): void => fc.assert(fc.property(anyCase, law), { numRuns: 1000 });

describe('reductions: scalar and simd equal the reference to the bit', () => {
  it('absmaxRuns', () => {
    check((c) =>
      agree(
        c,
        (place) => [guarded(Float32Array, runCount(c.layout), place)],
        (kernels, [out], x) =>
          kernels.absmaxRuns(out.array as F32, x, c.layout.rows, c.layout.width, c.layout.run),
      ),
    );
  });

  it('minmaxRuns', () => {
    check((c) =>
      agree(
        c,
        (place) => [0, 1].map(() => guarded(Float32Array, runCount(c.layout), place)),
        (kernels, [min, max], x) =>
          kernels.minmaxRuns(
            min.array as F32,
            max.array as F32,
            x,
            c.layout.rows,
            c.layout.width,
            c.layout.run,
          ),
      ),
    );
  });

  it('momentsRuns', () => {
    check((c) =>
      agree(
        c,
        (place) => [guarded(Float64Array, 2 * runCount(c.layout), place)],
        (kernels, [out], x) =>
          kernels.momentsRuns(out.array as F64, x, c.layout.rows, c.layout.width, c.layout.run),
      ),
    );
  });

  it('absmaxColumns, starting from any earlier maximum', () => {
    check((c) =>
      agree(
        c,
        (place) => [guardedCopy(Float32Array, c.start.map(Math.abs), place)],
        (kernels, [out], x) => kernels.absmaxColumns(out.array as F32, x, c.layout.rows, c.layout.width),
      ),
    );
  });

  // A third of the columns begin with one number, a third with two, a third with none: +infinity and -infinity.
  it('minmaxColumns, starting from any earlier range', () => {
    check((c) =>
      agree(
        c,
        (place) => [
          guardedCopy(
            Float32Array,
            c.start.map((v, i) => [v, v, Infinity][i % 3]),
            place,
          ),
          guardedCopy(
            Float32Array,
            c.start.map((v, i) => [v, v + 1, -Infinity][i % 3]),
            place,
          ),
        ],
        (kernels, [min, max], x) =>
          kernels.minmaxColumns(min.array as F32, max.array as F32, x, c.layout.rows, c.layout.width),
      ),
    );
  });

  it('firstNonFinite', () => {
    const finite = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
      maxLength: 300,
      size: 'max',
    });
    fc.assert(
      fc.property(
        finite,
        fc.nat(),
        fc.constantFrom(NaN, Infinity, -Infinity, 1),
        anyPlace,
        (values, at, bad, where) => {
          const x = [...values];
          if (x.length > 0) x[at % x.length] = bad;
          const expected = reference.firstNonFinite(Float32Array.from(x));
          for (const { label, kernels } of twins()) {
            clearArena();
            expect(kernels.firstNonFinite(guardedCopy(Float32Array, x, where).array), label).toBe(expected);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('laws of the reductions', () => {
  it('tiles of a tensor, one after another, give the columns of the whole', () => {
    check((c) => {
      const { rows, width } = c.layout;
      const x = Float32Array.from(c.values);
      for (const { label, kernels } of twins()) {
        const whole = new Float32Array(width);
        kernels.absmaxColumns(whole, x, rows, width);
        const parts = new Float32Array(width);
        const cut = Math.floor(rows / 2);
        kernels.absmaxColumns(parts, x.subarray(0, cut * width), cut, width);
        kernels.absmaxColumns(parts, x.subarray(cut * width), rows - cut, width);
        expect(bitsOf(parts), label).toBe(bitsOf(whole));
      }
    });
  });

  it('absmax is the larger magnitude of min and max', () => {
    check((c) => {
      const { rows, width, run } = c.layout;
      const x = Float32Array.from(c.values);
      const n = runCount(c.layout);
      for (const { label, kernels } of twins()) {
        const [absmax, min, max] = [new Float32Array(n), new Float32Array(n), new Float32Array(n)];
        kernels.absmaxRuns(absmax, x, rows, width, run);
        kernels.minmaxRuns(min, max, x, rows, width, run);
        const expected = absmax.map((_, i) => Math.max(Math.abs(min[i]), Math.abs(max[i])));
        expect(bitsOf(absmax), label).toBe(bitsOf(expected));
      }
    });
  });
});
