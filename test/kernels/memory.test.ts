import type * as Dispatch from '../../src/kernels/dispatch.js';
import type * as Memory from '../../src/kernels/memory.js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { F32 } from '../../src/core/arrays.js';
import type { DType } from '../../src/core/dtype.js';
import { DTYPES } from '../../src/core/dtype.js';
import { backend, kernels, kernelsOf, setBackend } from '../../src/kernels/dispatch.js';
import { HEAP_BEGIN, SLOT_BYTES, SLOT_COUNT, slotAddress } from '../../src/kernels/layout.js';
import { allocate, free, isInMemory, sharedMemory } from '../../src/kernels/memory.js';
import { decodeBase64 } from '../../src/kernels/webassembly.js';

describe('allocate and free', () => {
  it('gives a zero-filled, aligned array of the right kind in the kernels memory', () => {
    for (const dtype of Object.keys(DTYPES) as DType[]) {
      const array = allocate([3, 5], dtype);
      expect(array).toBeInstanceOf(DTYPES[dtype].array);
      expect(array.length).toBe(15);
      expect(array.byteOffset % 64).toBe(0);
      expect(array.byteOffset).toBeGreaterThanOrEqual(HEAP_BEGIN);
      expect(isInMemory(array)).toBe(true);
      expect(Array.from<number | bigint>(array).every((v) => Number(v) === 0)).toBe(true);
      free(array);
    }
  });

  it('takes a length, a shape, and float32 by default', () => {
    const flat = allocate(7);
    const scalar = allocate([]);
    const empty = allocate([0, 4], 'int8');
    expect(flat).toBeInstanceOf(Float32Array);
    expect([flat.length, scalar.length, empty.length]).toEqual([7, 1, 0]);
    [flat, scalar, empty].forEach(free);
  });

  it('fills memory with zeros when it is used again', () => {
    const first = allocate(1000, 'uint8').fill(7);
    free(first);
    const second = allocate(2000, 'uint8');
    expect(second.byteOffset).toBe(first.byteOffset);
    expect(second.every((v) => v === 0)).toBe(true);
    free(second);
  });

  it('leaks nothing over many rounds', () => {
    const before = sharedMemory()?.allocator.usedBytes;
    for (let i = 0; i < 1000; i++) {
      const arrays = [allocate(i, 'float64'), allocate([i, 3], 'int8'), allocate(1, 'int64')];
      arrays.reverse().forEach(free);
    }
    expect(sharedMemory()?.allocator.usedBytes).toBe(before);
  });

  it('says what to do when the memory is exhausted', () => {
    expect(() => allocate(2 ** 40)).toThrow(RangeError);
    expect(() => allocate(2 ** 40)).toThrow(/^allocate: "size" expected at most \d+ bytes, .* - free arrays/);
  });

  it('names bad arguments', () => {
    expect(() => allocate(3, 'float33' as 'float32')).toThrow(/^allocate: "dtype" expected/);
    expect(() => allocate(-1)).toThrow(/^allocate: "size" expected/);
    expect(() => allocate(1.5)).toThrow(RangeError);
    expect(() => allocate('3' as unknown as number)).toThrow(TypeError);
    expect(() => free(3 as unknown as F32)).toThrow(/^free: "array" expected/);
  });

  it('frees each array once and only whole', () => {
    const array = allocate(100);
    expect(() => free(array.subarray(16))).toThrow(/^free: "array" expected/);
    free(array);
    expect(() => free(array)).toThrow(RangeError);
  });

  it('leaves ordinary arrays alone', () => {
    const array = new Float32Array(4);
    expect(isInMemory(array)).toBe(false);
    expect(() => free(array)).not.toThrow();
  });
});

describe('layout', () => {
  it('keeps slots apart from each other and from the heap', () => {
    for (let slot = 1; slot < SLOT_COUNT; slot++) {
      expect(slotAddress(slot)).toBeGreaterThanOrEqual(slotAddress(slot - 1) + SLOT_BYTES);
      expect(slotAddress(slot) % 64).toBe(0);
    }
    expect(slotAddress(0)).toBeGreaterThanOrEqual(65536);
    expect(slotAddress(SLOT_COUNT - 1) + SLOT_BYTES).toBeLessThanOrEqual(HEAP_BEGIN);
  });
});

describe('constants of the modules', () => {
  it('lie apart from each other, from the slots and from the heap', async () => {
    // Imported by a name that the compiler does not follow: the script is plain JavaScript.
    const layout = '../../scripts/simd-layout.mjs';
    const { STATICS } = (await import(layout)) as { STATICS: Map<string, { begin: number; end: number }> };
    const slots = { begin: slotAddress(0), end: slotAddress(SLOT_COUNT - 1) + SLOT_BYTES };
    const ranges = [...STATICS.values(), slots].sort((a, b) => a.begin - b.begin);
    ranges.forEach(({ begin, end }, i) => {
      expect(begin).toBeGreaterThanOrEqual(i === 0 ? 1024 : ranges[i - 1].end);
      expect(end).toBeLessThanOrEqual(HEAP_BEGIN);
    });
  });
});

describe('decodeBase64', () => {
  it('equals Buffer for every padding', () => {
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 89 + length);
      expect(decodeBase64(Buffer.from(bytes).toString('base64'), length)).toEqual(bytes);
    }
  });
});

describe('backends', () => {
  afterEach(() => setBackend('auto'));

  it('auto is simd here', () => {
    expect(backend()).toBe('simd');
    expect(kernels()).toBe(kernelsOf('simd'));
  });

  it('can be chosen', () => {
    setBackend('scalar');
    expect(backend()).toBe('scalar');
    expect(kernels().name).toBe('scalar');
    setBackend('simd');
    expect(kernels().name).toBe('simd');
    expect(kernelsOf('reference').name).toBe('reference');
  });

  it('names an unknown choice', () => {
    expect(() => setBackend('fast' as 'simd')).toThrow(
      /^setBackend: "name" expected 'auto', 'simd' or 'scalar'/,
    );
  });
});

describe('engines with less', () => {
  beforeEach(() => vi.resetModules());
  afterEach(() => vi.unstubAllGlobals());

  const load = async (): Promise<{ memory: typeof Memory; dispatch: typeof Dispatch }> => ({
    memory: await import('../../src/kernels/memory.js'),
    dispatch: await import('../../src/kernels/dispatch.js'),
  });

  const expectScalar = async (): Promise<void> => {
    const { memory, dispatch } = await load();
    const array = memory.allocate([2, 3], 'int16');
    expect(array).toEqual(new Int16Array(6));
    expect(memory.isInMemory(array)).toBe(false);
    expect(() => memory.free(array)).not.toThrow();
    expect(dispatch.backend()).toBe('scalar');
    expect(() => dispatch.setBackend('simd')).toThrow(/use 'auto' or 'scalar'/);
  };

  const real = (globalThis as unknown as { WebAssembly: { Memory: new (limits: object) => object } })
    .WebAssembly;
  const withParts = (parts: object): object => Object.assign(Object.create(real) as object, parts);

  it('without WebAssembly: scalar kernels and ordinary arrays', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    await expectScalar();
  });

  it('without SIMD: the same', async () => {
    vi.stubGlobal('WebAssembly', withParts({ validate: () => false }));
    await expectScalar();
  });

  it('where compiling is forbidden: the same', async () => {
    const Module = function (): never {
      throw new Error('refused by the content security policy');
    };
    vi.stubGlobal('WebAssembly', withParts({ Module }));
    await expectScalar();
  });

  it('where every memory is refused: the same', async () => {
    const Memory = function (): never {
      throw new RangeError('could not allocate memory');
    };
    vi.stubGlobal('WebAssembly', withParts({ Memory }));
    await expectScalar();
  });

  it('where large memories are refused: a smaller one', async () => {
    const Memory = function (limits: { initial: number }): object {
      if (limits.initial > 8192) throw new RangeError('could not allocate memory');
      return new real.Memory(limits);
    };
    vi.stubGlobal('WebAssembly', withParts({ Memory }));
    const { memory, dispatch } = await load();
    expect(dispatch.backend()).toBe('simd');
    const array = memory.allocate(10);
    expect(array.buffer.byteLength).toBe(8192 * 65536);
    memory.free(array);
  });
});
