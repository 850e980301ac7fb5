import fc from 'fast-check';
import { kernelsOf } from '../../src/kernels/dispatch.js';
import type { KernelFamily } from '../../src/kernels/family.js';
import { allocate } from '../../src/kernels/memory.js';
import { createSimdKernels, simdInstance } from '../../src/kernels/simd-twin/index.js';
import type { Kernels } from '../../src/kernels/types.js';

/** Every implementation that must agree with the reference; the last one crosses a tile's edge every 64 elements. */
export function twins(): { label: string; kernels: Kernels }[] {
  const simd = simdInstance();
  if (simd === null) throw new Error('the tests need an engine with WebAssembly SIMD');
  return [
    { label: 'scalar', kernels: kernelsOf('scalar') },
    { label: 'simd', kernels: kernelsOf('simd') },
    { label: 'simd, tiles of 64', kernels: createSimdKernels(simd, 64) },
  ];
}

/** The same for another family: `create` makes its SIMD twin with tiles of this many elements. */
export function twinsOf<K>(
  family: KernelFamily<K>,
  create: (tileElements: number) => K | null,
): { label: string; kernels: K }[] {
  const tiled = create(64);
  if (tiled === null) throw new Error('the tests need an engine with WebAssembly SIMD');
  return [
    { label: 'scalar', kernels: family.of('scalar') },
    { label: 'simd', kernels: family.of('simd') },
    { label: 'simd, tiles of 64', kernels: tiled },
  ];
}

/** Runs of a property that draws one of the twins: over a thousand for each. */
export const TWIN_RUNS: number = 1100 * twins().length;

const NASTY = [
  NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  1e-45,
  -1e-45,
  1.1754942e-38,
  1.17549435e-38,
  -1e-40,
  0.5,
  1.5,
  2.5,
  -0.5,
  -1.5,
  127.5,
  -128.5,
  65535.5,
  3.4028235e38,
  -3.4028235e38,
  2 ** 22,
  2 ** 22 - 0.5,
  2 ** 23 + 1,
  -(2 ** 22) - 0.5,
  -(2 ** 23),
  -1.5 * 2 ** 23,
  -1.5 * 2 ** 23 - 1,
  -(2 ** 24),
  65504,
  1 / 3,
].map(Math.fround);

const calmFloat = fc.oneof(
  { weight: 3, arbitrary: fc.float({ min: -300, max: 300, noNaN: true }) },
  { weight: 1, arbitrary: fc.integer({ min: -600, max: 600 }).map((n) => n / 2) },
);

/** A float32 of any kind: ordinary sizes, ties, the nasty ones above, and arbitrary bits. */
export const anyFloat: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: fc.float({ min: -300, max: 300, noNaN: true }) },
  { weight: 2, arbitrary: fc.integer({ min: -600, max: 600 }).map((n) => n / 2) },
  { weight: 1, arbitrary: fc.constantFrom(...NASTY) },
  { weight: 1, arbitrary: fc.float() },
);

export const list = <T>(of: fc.Arbitrary<T>, length: number): fc.Arbitrary<T[]> =>
  fc.array(of, { minLength: length, maxLength: length, size: 'max' });

/**
 * `length` floats: of any kind, or calm ones with at most one of any kind among them. Fast paths give way to careful ones
 * where any of 64 elements or more is special, so most lists of the first sort would not test them.
 */
export const anyFloats = (length: number): fc.Arbitrary<number[]> =>
  fc.oneof(
    list(anyFloat, length),
    list(calmFloat, length),
    fc
      .tuple(list(calmFloat, length), fc.nat(Math.max(0, length - 1)), anyFloat)
      .map(([values, at, special]) => values.map((v, i) => (i === at ? special : v))),
  );

/** Shape and run length of a tensor, its elements between none and a few hundred. */
export interface Layout {
  rows: number;
  width: number;
  run: number;
}

export const anyLayout: fc.Arbitrary<Layout> = fc.oneof(
  fc.record({
    rows: fc.integer({ min: 0, max: 6 }),
    width: fc.integer({ min: 0, max: 70 }),
    run: fc.integer({ min: 1, max: 80 }),
  }),
  fc.record({
    rows: fc.integer({ min: 1, max: 2 }),
    width: fc.integer({ min: 1, max: 400 }),
    run: fc.constantFrom(16, 32, 64, 100, 128, 1000),
  }),
);

export const runCount = ({ rows, width, run }: Layout): number => rows * Math.ceil(width / run);

interface ArrayKind<T> {
  new (buffer: ArrayBuffer, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

interface View {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly length: number;
  set(values: ArrayLike<number>): void;
}

const GUARD = 0xa5;
const MARGIN = 64;

/** Room in the kernels' memory for the arrays of one property run. */
let arena: Uint8Array | undefined;
let arenaUsed = 0;

export interface Where {
  inMemory: boolean;
  /** Elements by which the array is displaced from an aligned address: odd byte offsets for byte arrays. */
  shift: number;
}

export const anyPlace: fc.Arbitrary<Where> = fc.record({
  inMemory: fc.boolean(),
  shift: fc.integer({ min: 0, max: 17 }),
});

/** Begins a property run: the arena is empty again. */
export function clearArena(): void {
  arenaUsed = 0;
}

export interface Guarded<T> {
  readonly array: T;
  /** Whether the bytes before and behind the array are as they were. */
  intact(): boolean;
}

/** A zeroed array with guard zones before and behind it, in an ordinary buffer or in the kernels' memory. */
export function guarded<T extends View>(Kind: ArrayKind<T>, length: number, where: Where): Guarded<T> {
  const bytes = length * Kind.BYTES_PER_ELEMENT;
  const begin = MARGIN + where.shift * Kind.BYTES_PER_ELEMENT;
  const total = Math.ceil((begin + bytes + MARGIN) / 64) * 64;
  let zone: Uint8Array;
  if (where.inMemory) {
    arena ??= allocate(2 ** 20, 'uint8');
    zone = arena.subarray(arenaUsed, arenaUsed + total);
    arenaUsed += total;
    if (zone.length < total) throw new Error('the arena is too small');
  } else zone = new Uint8Array(total);
  zone.fill(GUARD);
  const array = new Kind(zone.buffer as ArrayBuffer, zone.byteOffset + begin, length);
  zone.fill(0, begin, begin + bytes);
  return {
    array,
    intact: () =>
      zone.subarray(0, begin).every((b) => b === GUARD) &&
      zone.subarray(begin + bytes).every((b) => b === GUARD),
  };
}

/** As `guarded`, holding `values`. */
export function guardedCopy<T extends View>(
  Kind: ArrayKind<T>,
  values: ArrayLike<number>,
  where: Where,
): Guarded<T> {
  const result = guarded(Kind, values.length, where);
  result.array.set(values);
  return result;
}

/** The bits of an array, NaN made canonical: what "equal to the bit" means for floats. */
export function bitsOf(array: View): string {
  let copy: { buffer: ArrayBufferLike } = new Uint8Array(
    array.buffer,
    array.byteOffset,
    array.byteLength,
  ).slice();
  if (array instanceof Float32Array) copy = array.map((v) => (Number.isNaN(v) ? NaN : v));
  if (array instanceof Float64Array) copy = array.map((v) => (Number.isNaN(v) ? NaN : v));
  return Buffer.from(copy.buffer).toString('hex');
}
