/** How much memory a solver may take beyond what it is given and what it returns, and how it cuts its work to keep to that. */
import { rangeError, typeError } from '../../core/errors.js';

/** Work on lines (or whatever else is independent), as bytes. */
export interface Work {
  /** What is needed however the lines are cut. */
  readonly fixed: number;
  /** What each line needs that is in work at the same time. */
  readonly perLine: number;
  readonly lines: number;
  /** Cuts lie at multiples of this many lines; `lines` where nothing can be cut. */
  readonly step: number;
}

export interface Slabs {
  readonly linesAtOnce: number;
  readonly workingBytes: number;
}

/** A number of bytes; Infinity where none is given. */
export function checkMemoryLimit(fn: string, memoryLimit: unknown): number {
  if (memoryLimit === undefined) return Infinity;
  const expected = 'a number of bytes above 0';
  const fix = 'leave it out for no limit';
  if (typeof memoryLimit !== 'number') throw typeError(fn, 'memoryLimit', expected, memoryLimit, fix);
  if (memoryLimit > 0) return memoryLimit;
  throw rangeError(fn, 'memoryLimit', expected, memoryLimit, fix);
}

/**
 * As many lines at once as the limit allows.
 *
 * @throws RangeError with the least that would do, and with `fix`: how to need less.
 */
export function slabsWithin(fn: string, memoryLimit: number, work: Work, fix: string): Slabs {
  const { fixed, perLine, lines, step } = work;
  const bytes = (count: number): number => fixed + perLine * count;
  const least = bytes(Math.min(step, lines));
  if (least > memoryLimit) {
    const expected = `at least ${least} bytes for these shapes`;
    throw rangeError(fn, 'memoryLimit', expected, memoryLimit, fix);
  }
  if (bytes(lines) <= memoryLimit) return { linesAtOnce: lines, workingBytes: bytes(lines) };
  const linesAtOnce = Math.floor((memoryLimit - fixed) / (perLine * step)) * step;
  return { linesAtOnce, workingBytes: bytes(linesAtOnce) };
}
