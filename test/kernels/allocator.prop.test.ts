import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALIGNMENT, Allocator } from '../../src/kernels/allocator.js';

const BEGIN = 4096;
const END = BEGIN + 64 * 1024;

/** Takes of 0 to 6000 bytes, and releases of one of the living blocks. */
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('take' as const), bytes: fc.integer({ min: 0, max: 6000 }) }),
    fc.record({ kind: fc.constant('release' as const), which: fc.nat() }),
  ),
  { maxLength: 120, size: 'max' },
);

describe('Allocator', () => {
  it('blocks are aligned, inside the range, and never overlap; freeing all leaves one hole', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const allocator = new Allocator(BEGIN, END);
        const living: { address: number; end: number }[] = [];
        for (const step of list) {
          if (step.kind === 'take') {
            const largest = allocator.largestHole;
            const address = allocator.take(step.bytes);
            const end = address + step.bytes;
            if (address < 0) {
              expect(step.bytes).toBeGreaterThan(largest);
              continue;
            }
            expect(address % ALIGNMENT).toBe(0);
            expect(address >= BEGIN && end <= END).toBe(true);
            for (const other of living) {
              expect(address === other.address || (address < other.end && other.address < end)).toBe(false);
            }
            living.push({ address, end });
          } else if (living.length > 0) {
            const [block] = living.splice(step.which % living.length, 1);
            expect(allocator.release(block.address)).toBe(true);
            expect(allocator.release(block.address)).toBe(false);
          }
        }
        for (const block of living) expect(allocator.release(block.address)).toBe(true);
        expect(allocator.usedBytes).toBe(0);
        expect(allocator.largestHole).toBe(END - BEGIN);
        expect(allocator.totalBytes).toBe(END - BEGIN);
      }),
      { numRuns: 1000 },
    );
  });

  it('a freed block is the first to be used again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 5000 }), (a, b) => {
        const allocator = new Allocator(BEGIN, END);
        const first = allocator.take(a);
        allocator.take(b);
        allocator.release(first);
        expect(allocator.take(a)).toBe(first);
      }),
      { numRuns: 1000 },
    );
  });

  it('the whole range can be taken, and then nothing', () => {
    const allocator = new Allocator(BEGIN, END);
    expect(allocator.take(END - BEGIN)).toBe(BEGIN);
    expect(allocator.take(0)).toBe(-1);
    expect(allocator.largestHole).toBe(0);
    expect(allocator.release(BEGIN + ALIGNMENT)).toBe(false);
    expect(allocator.release(BEGIN)).toBe(true);
  });

  it('touch counts the bytes that were used before', () => {
    const allocator = new Allocator(BEGIN, END);
    expect(allocator.touch(BEGIN, 100)).toBe(0);
    expect(allocator.touch(BEGIN, 300)).toBe(100);
    expect(allocator.touch(BEGIN + 64, 100)).toBe(100);
    expect(allocator.touch(BEGIN + 1000, 10)).toBe(0);
  });
});
