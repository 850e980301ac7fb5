import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { F32, I32 } from '../../src/core/arrays.js';
import { ROUNDINGS } from '../../src/core/rounding.js';
import { kernelsOf } from '../../src/kernels/dispatch.js';
import type { CodeRule, Codes, Kernels } from '../../src/kernels/types.js';
import type { Layout, Where } from '../support/kernels.js';
import {
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

const KINDS = [
  { array: Int8Array, min: -128, max: 127 },
  { array: Uint8Array, min: 0, max: 255 },
  { array: Int16Array, min: -32768, max: 32767 },
  { array: Uint16Array, min: 0, max: 65535 },
];
type Kind = (typeof KINDS)[number];
type Viewed<T> = new (buffer: ArrayBuffer, byteOffset: number, length: number) => T;

const anyRule = (kind: Kind): fc.Arbitrary<CodeRule> =>
  fc.record({
    codeMin: fc.constantFrom(kind.min, kind.min + 1, kind.min === 0 ? 0 : -7),
    codeMax: fc.constantFrom(kind.max, kind.max - 1, 7),
    rounding: fc.oneof(
      { weight: 4, arbitrary: fc.constant('halfEven' as const) },
      { weight: 4, arbitrary: fc.constantFrom(...ROUNDINGS) },
    ),
    arithmetic: fc.constantFrom('reciprocal', 'division'),
    seed: fc.maxSafeNat(),
    // Near 2^32 the high word of the position changes within the tensor.
    position: fc.oneof(fc.nat(1000), fc.integer({ min: 2 ** 32 - 300, max: 2 ** 32 }), fc.nat(2 ** 31)),
  });

const anyScale = fc.oneof(
  { weight: 8, arbitrary: fc.float({ min: Math.fround(0.001), max: 4, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(1, 0.5, 0.25, 2) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[0, -0, 1e-45, 1e-39, 2 ** -128, 1.0001 * 2 ** -128, 2 ** -126, 2 ** 126, 1.5 * 2 ** 126, 3e38].map(
        Math.fround,
      ),
      ...[Infinity, NaN, -1, -Infinity],
    ),
  },
);

const anyZeroPoint = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -130, max: 260 }) },
  { weight: 2, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(2 ** 22, 2 ** 22 - 127, -(2 ** 22), 2 ** 24 - 65536, 65537 - 2 ** 24, 2 ** 24),
  },
);

interface Case {
  layout: Layout;
  kind: Kind;
  rule: CodeRule;
  values: number[];
  scale: number[];
  zeroPoint: number[] | null;
  from: Where;
  to: Where;
  parameters: Where;
}

/** `regions` counts the parameters that a layout needs. */
const anyCase = (
  regions: (layout: Layout) => number,
  layouts: fc.Arbitrary<Layout> = anyLayout,
  kinds: readonly Kind[] = KINDS,
): fc.Arbitrary<Case> =>
  fc.tuple(layouts, fc.constantFrom(...kinds)).chain(([layout, kind]) =>
    fc.record({
      layout: fc.constant(layout),
      kind: fc.constant(kind),
      rule: anyRule(kind),
      values: anyFloats(layout.rows * layout.width),
      scale: list(anyScale, regions(layout)),
      zeroPoint: fc.option(list(anyZeroPoint, regions(layout))),
      from: anyPlace,
      to: anyPlace,
      parameters: anyPlace,
    }),
  );

/** Runs a kernel that reads `input` and writes `Output` on the reference and on every twin. */
function agree<In extends Codes | F32, Out extends Codes | F32>(
  c: Case,
  Input: Viewed<In>,
  input: ArrayLike<number>,
  Output: Viewed<Out>,
  call: (kernels: Kernels, out: Out, input: In, scale: F32, zeroPoint: I32 | null) => void,
): void {
  const ordinary = { inMemory: false, shift: 0 };
  const run = (kernels: Kernels, label: string, from: Where, to: Where, parameters: Where): string => {
    clearArena();
    const source = guardedCopy(Input as never, input, from) as { array: In; intact(): boolean };
    const scale = guardedCopy(Float32Array, c.scale, parameters);
    const zeroPoint = c.zeroPoint && guardedCopy(Int32Array, c.zeroPoint, parameters);
    const out = guarded(Output as never, input.length, to) as { array: Out; intact(): boolean };
    const before = bitsOf(source.array);
    call(kernels, out.array, source.array, scale.array, zeroPoint && zeroPoint.array);
    expect(out.intact(), `${label} wrote outside its output`).toBe(true);
    expect(bitsOf(source.array), `${label} changed its input`).toBe(before);
    expect(bitsOf(scale.array), `${label} changed the scales`).toBe(bitsOf(Float32Array.from(c.scale)));
    return bitsOf(out.array);
  };
  const expected = run(reference, 'reference', ordinary, ordinary, ordinary);
  for (const { label, kernels } of twins()) {
    expect(run(kernels, label, c.from, c.to, c.parameters), label).toBe(expected);
  }
}

const check = (cases: fc.Arbitrary<Case>, law: (c: Case) => void): void =>
  fc.assert(fc.property(cases, law), { numRuns: 1000 });

/** One special scale among many, or zero point, and the columns would not be done at once. */
const withUsualScales = (c: Case): Case => ({
  ...c,
  scale: c.scale.map((scale, i) => (Math.abs(scale) > 1e-3 && Math.abs(scale) < 5 ? scale : 0.01 + (i % 7))),
  zeroPoint: c.zeroPoint && c.zeroPoint.map((zeroPoint) => zeroPoint % 300),
});

/** The case's values as codes of its kind, for the decoders. */
const codesOf = ({ kind, values }: Case): Codes =>
  new kind.array(values.map((v) => (Number.isFinite(v) ? v * 97 : 3)));

describe('affine kernels: scalar and simd equal the reference to the bit', () => {
  it('quantizeRuns', () => {
    check(anyCase(runCount), (c) =>
      agree(
        c,
        Float32Array,
        c.values,
        c.kind.array as Viewed<Codes>,
        (kernels, out: Codes, x: F32, scale, zeroPoint) =>
          kernels.quantizeRuns(out, x, scale, zeroPoint, c.layout.rows, c.layout.width, c.layout.run, c.rule),
      ),
    );
  });

  it('quantizeColumns', () => {
    check(
      anyCase((layout) => layout.width),
      (c) =>
        agree(
          c,
          Float32Array,
          c.values,
          c.kind.array as Viewed<Codes>,
          (kernels, out: Codes, x: F32, scale, zeroPoint) =>
            kernels.quantizeColumns(out, x, scale, zeroPoint, c.layout.rows, c.layout.width, c.rule),
        ),
    );
  });

  // What the SIMD twin does 64 at a time, in the hope that none of them is special.
  it('quantizeRuns and quantizeColumns, long rows of bytes', () => {
    const oneRow = fc.integer({ min: 64, max: 300 }).map((width) => ({ rows: 1, width, run: width }));
    const twoRows = oneRow.map((layout) => ({ ...layout, rows: 2 }));
    const usual = (cases: fc.Arbitrary<Case>): fc.Arbitrary<Case> =>
      cases.map((c) => ({ ...c, rule: { ...c.rule, rounding: 'halfEven', arithmetic: 'reciprocal' } }));
    check(usual(anyCase(runCount, oneRow, KINDS.slice(0, 2))), (c) =>
      agree(
        c,
        Float32Array,
        c.values,
        c.kind.array as Viewed<Codes>,
        (kernels, out: Codes, x: F32, scale, zeroPoint) =>
          kernels.quantizeRuns(out, x, scale, zeroPoint, 1, c.layout.width, c.layout.run, c.rule),
      ),
    );
    check(usual(anyCase(({ width }) => width, twoRows, KINDS.slice(0, 2)).map(withUsualScales)), (c) =>
      agree(
        c,
        Float32Array,
        c.values,
        c.kind.array as Viewed<Codes>,
        (kernels, out: Codes, x: F32, scale, zeroPoint) =>
          kernels.quantizeColumns(out, x, scale, zeroPoint, 2, c.layout.width, c.rule),
      ),
    );
  });

  it('dequantizeRuns', () => {
    check(anyCase(runCount), (c) =>
      agree(
        c,
        c.kind.array as Viewed<Codes>,
        codesOf(c),
        Float32Array,
        (kernels, out: F32, codes: Codes, scale, zeroPoint) =>
          kernels.dequantizeRuns(out, codes, scale, zeroPoint, c.layout.rows, c.layout.width, c.layout.run),
      ),
    );
  });

  it('dequantizeColumns', () => {
    check(
      anyCase((layout) => layout.width),
      (c) =>
        agree(
          c,
          c.kind.array as Viewed<Codes>,
          codesOf(c),
          Float32Array,
          (kernels, out: F32, codes: Codes, scale, zeroPoint) =>
            kernels.dequantizeColumns(out, codes, scale, zeroPoint, c.layout.rows, c.layout.width),
        ),
    );
  });
});

describe('laws of the affine kernels', () => {
  it('a tensor quantized in two parts gives the codes of the whole, stochastic rounding included', () => {
    check(
      anyCase((layout) => layout.width),
      (c) => {
        const { rows, width } = c.layout;
        const x = Float32Array.from(c.values);
        const scale = Float32Array.from(c.scale);
        const zeroPoint = c.zeroPoint && Int32Array.from(c.zeroPoint);
        const cut = Math.floor(rows / 2);
        for (const { label, kernels } of twins()) {
          const whole = new c.kind.array(x.length);
          const parts = new c.kind.array(x.length);
          kernels.quantizeColumns(whole, x, scale, zeroPoint, rows, width, c.rule);
          kernels.quantizeColumns(parts.subarray(0, cut * width), x, scale, zeroPoint, cut, width, c.rule);
          kernels.quantizeColumns(
            parts.subarray(cut * width),
            x.subarray(cut * width),
            scale,
            zeroPoint,
            rows - cut,
            width,
            { ...c.rule, position: c.rule.position + cut * width },
          );
          expect(bitsOf(parts), label).toBe(bitsOf(whole));
        }
      },
    );
  });

  it('codes come back from their own values, for every scale whose products are exact', () => {
    const powers = fc.integer({ min: -100, max: 100 }).map((e) => 2 ** e);
    fc.assert(
      fc.property(
        powers,
        fc.constantFrom(...KINDS),
        fc.integer({ min: -500, max: 500 }),
        (power, kind, zp) => {
          const count = 500;
          const codes = new kind.array(count).map((_, i) => (kind.min / 2 + i * 131) | 0);
          const scale = Float32Array.of(power);
          const zeroPoint = Int32Array.of(zp);
          for (const { label, kernels } of twins()) {
            const values = new Float32Array(count);
            const again = new kind.array(count);
            kernels.dequantizeRuns(values, codes, scale, zeroPoint, 1, count, count);
            kernels.quantizeRuns(again, values, scale, zeroPoint, 1, count, count, {
              codeMin: kind.min,
              codeMax: kind.max,
              rounding: 'halfEven',
              arithmetic: 'reciprocal',
              seed: 0,
              position: 0,
            });
            expect(bitsOf(again), label).toBe(bitsOf(codes));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('codes grow with x, for every deterministic rounding', () => {
    check(
      anyCase(() => 1),
      (c) => {
        fc.pre(c.rule.rounding !== 'stochastic' && c.scale[0] > 0);
        const x = Float32Array.from(c.values)
          .filter((v) => !Number.isNaN(v))
          .sort();
        fc.pre(x.length > 0 && (Number.isFinite(c.scale[0]) || x.every(Number.isFinite)));
        for (const { label, kernels } of twins()) {
          const codes = new c.kind.array(x.length);
          kernels.quantizeRuns(codes, x, Float32Array.from(c.scale), null, 1, x.length, x.length, c.rule);
          expect(bitsOf(codes), label).toBe(bitsOf(codes.slice().sort()));
        }
      },
    );
  });
});
