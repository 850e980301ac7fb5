/** Whether a row computed what the reference kernel computes: asked before anything is timed. */
import type { Tolerance, Trial } from './kernels/case.js';

type Numbers = ArrayLike<number>;

/** What a call left, single numbers as arrays of one. */
export function numbersOf(result: ReturnType<Trial['result']>): Numbers[] {
  return result.map((part) => (typeof part === 'number' ? [part] : (part as unknown as Numbers)));
}

/** Throws when `found` is farther from `expected` than `tolerance` allows; `label` names the row. */
export function check(
  label: string,
  found: readonly Numbers[],
  expected: readonly Numbers[],
  tolerance: Tolerance,
): void {
  if (found.length !== expected.length) throw new Error(`${label}: another number of results`);
  expected.forEach((part, k) => checkPart(label, found[k], part, tolerance));
}

function checkPart(label: string, found: Numbers, expected: Numbers, tolerance: Tolerance): void {
  if (found.length !== expected.length) {
    throw new Error(`${label}: expected ${expected.length} numbers, got ${found.length}`);
  }
  let different = 0;
  for (let i = 0; i < expected.length; i++) {
    const distance = Math.abs(found[i] - expected[i]);
    if (distance === 0) continue;
    different++;
    if (!(distance <= tolerance.distance * Math.max(1, Math.abs(expected[i])))) {
      throw new Error(`${label}: element ${i} is ${found[i]}, the reference gives ${expected[i]}`);
    }
  }
  // Two may differ in a tensor too short for its share to mean anything.
  if (different > Math.max(2, tolerance.share * expected.length)) {
    throw new Error(`${label}: ${different} of ${expected.length} elements differ from the reference`);
  }
}
