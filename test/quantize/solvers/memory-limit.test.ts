import { awq, hessianAccumulator, smoothQuant } from 'tensorslim';
import { describe, expect, it } from 'vitest';

const [lines, n, rows] = [6, 8, 5];
const floats = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => ((i * 7) % 11) - 5);
const w = { data: floats(lines * n), shape: [lines, n] };
const activations = { data: floats(rows * n), shape: [rows, n] };
const activationMax = new Float32Array(n).fill(3);
const validation = { data: floats(3 * n).map((v) => v / 2 + 1), shape: [3, n] };
const hessian = { data: new Float64Array(n * n).fill(1), shape: [n, n] };
const wide = { ...w, data: Float64Array.from(w.data) };

const ofAwq = 22 * lines * n + 64 * lines + 256 * n + 48 * lines;
const ofSmoothQuant = 64 * n + 4 * lines * n;

describe.each([
  ['awq', 'norms', () => awq(w, { bits: 4, activationNorm: activationMax }), ofAwq],
  ['awq', 'a Hessian', () => awq(w, { bits: 4, hessian }), ofAwq],
  ['awq', 'float64 weights', () => awq(wide, { bits: 4, hessian }), ofAwq + 4 * lines * n],
  ['awq', 'activations', () => awq(w, { bits: 4, activations }), ofAwq + 16 * n * n],
  ['awq', 'validation', () => awq(w, { bits: 4, activations, validation }), ofAwq + 24 * n * n],
  ['smoothQuant', 'magnitudes', () => smoothQuant(w, { activationMax }), ofSmoothQuant],
  [
    'smoothQuant',
    'activations',
    () => smoothQuant(w, { activations }),
    ofSmoothQuant + 8 * lines * rows + 14 * (rows * n + lines * n),
  ],
] as const)('the working memory of %s with %s', (_, _name, solve, bytes) => {
  it('is what the docstring counts', () => {
    expect(solve().report.workingBytes).toBe(bytes);
  });
});

describe.each([
  [
    'awq',
    (memoryLimit?: number) =>
      awq(w, { bits: 4, activations, ...(memoryLimit !== undefined && { memoryLimit }) }),
  ],
  [
    'smoothQuant',
    (memoryLimit?: number) =>
      smoothQuant(w, { activations, ...(memoryLimit !== undefined && { memoryLimit }) }),
  ],
] as const)('%s() under a memory limit', (name, solve) => {
  const free = solve();
  const { workingBytes } = free.report;

  it('gives the same where the limit suffices', () => {
    for (const limit of [workingBytes, workingBytes + 1, Infinity]) expect(solve(limit)).toEqual(free);
  });

  it('refuses a limit below it, and says what would do', () => {
    expect(() => solve(workingBytes - 1)).toThrow(RangeError);
    expect(() => solve(workingBytes - 1)).toThrow(
      `${name}: "memoryLimit" expected at least ${workingBytes} bytes for these shapes, got ${workingBytes - 1} - raise it, `,
    );
  });

  it.each([0, -1, NaN])('refuses a limit of %d', (limit) => {
    expect(() => solve(limit)).toThrow(/"memoryLimit" expected a number of bytes above 0/);
  });
});

describe('hessianAccumulator()', () => {
  it('takes 8 n^2 bytes however many rows it sees', () => {
    const features = 512;
    const sums = hessianAccumulator(features);
    const batch = { data: floats(16 * features), shape: [16, features] };
    sums.add(batch);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 40; i++) sums.add(batch);
    expect(sums.count).toBe(16 * 41);
    // The rows seen are 1.3 MB in float32 and 2.6 MB in float64; nothing of them stays.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    expect(sums.matrix.data.byteLength).toBe(8 * features * features);
  });
});
