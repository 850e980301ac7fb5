/** The memory that all kernels share, made on first use, and the WebAssembly modules over it. */
import type {
  AnyTypedArray,
  F32,
  F64,
  I16,
  I32,
  I64,
  I8,
  TypedArray,
  U16,
  U32,
  U64,
  U8,
} from '../core/arrays.js';
import type { DType } from '../core/dtype.js';
import { DTYPES, isDType } from '../core/dtype.js';
import { describe, rangeError, typeError } from '../core/errors.js';
import { elementCount } from '../core/shape.js';
import { Allocator } from './allocator.js';
import { HEAP_BEGIN, PAGE_BYTES } from './layout.js';
import type { WasmMemory, WebAssemblyApi } from './webassembly.js';
import { decodeBase64, usableWebAssembly } from './webassembly.js';

/**
 * Reserves to try, in pages of 64 KiB: 4 GiB is address space only (4 ms, no resident memory until touched). Because
 * the memory is never grown, a view of it never detaches. Browsers and small containers may refuse the larger ones.
 */
const RESERVES = [65536, 49152, 32768, 16384, 8192, 4096, 1024, 256];

export interface SharedMemory {
  readonly api: WebAssemblyApi;
  readonly memory: WasmMemory;
  readonly buffer: ArrayBuffer;
  readonly allocator: Allocator;
}

let shared: SharedMemory | null | undefined;

/** The memory, or null where the engine has no WebAssembly SIMD or forbids compiling it. */
export function sharedMemory(): SharedMemory | null {
  if (shared === undefined) shared = makeMemory();
  return shared;
}

function makeMemory(): SharedMemory | null {
  const api = usableWebAssembly();
  const memory = api === null ? null : reserve(api.Memory);
  if (api === null || memory === null) return null;
  // The last page stays free, so that no address computed at the end of an array wraps to 0 at 4 GiB.
  const allocator = new Allocator(HEAP_BEGIN, memory.buffer.byteLength - PAGE_BYTES);
  return { api, memory, buffer: memory.buffer, allocator };
}

/** The functions of a module over the shared memory, or null where there is none: then the scalar kernels give the same bits. */
export function instantiate(base64: string, bytes: number): object | null {
  const over = sharedMemory();
  if (over === null) return null;
  const module = new over.api.Module(decodeBase64(base64, bytes));
  return new over.api.Instance(module, { env: { memory: over.memory } }).exports;
}

function reserve(
  Memory: new (limits: { initial: number; maximum: number }) => WasmMemory,
): WasmMemory | null {
  for (const pages of RESERVES) {
    try {
      return new Memory({ initial: pages, maximum: pages });
    } catch {
      continue;
    }
  }
  return null;
}

/** Whether `array` lies in the kernels' memory, where kernels read and write it in place. */
export function isInMemory(array: ArrayBufferView): boolean {
  return shared != null && array.buffer === shared.buffer;
}

/** The typed array that holds elements of dtype `D` in memory. */
export type ArrayFor<D extends DType> = D extends 'float32'
  ? F32
  : D extends 'float64'
    ? F64
    : D extends 'int8' | 'int4' | 'int2'
      ? I8
      : D extends 'int16'
        ? I16
        : D extends 'uint16' | 'float16' | 'bfloat16'
          ? U16
          : D extends 'int32'
            ? I32
            : D extends 'uint32'
              ? U32
              : D extends 'int64'
                ? I64
                : D extends 'uint64'
                  ? U64
                  : U8;

/**
 * Returns a zero-filled typed array in the kernels' memory, for data that many kernels will read: they then skip the
 * copy through their tiles. The array starts at a multiple of 64 bytes and never detaches; it lives until `free`.
 *
 * Shapes: a length or a shape; the array is flat and has as many elements as the shape.
 * Numerics: elements are stored in the array type of `dtype` (float16 and bfloat16 as uint16 codes, int4 one per int8).
 * Cost: nothing for memory that was never used, one fill for memory that is used again.
 * Where the engine has no WebAssembly SIMD the array is an ordinary one and everything works as before.
 *
 * @param size number of elements, or a shape.
 * @param dtype element type; default 'float32'.
 * @returns a typed array over the kernels' memory.
 * @throws RangeError when no free stretch of the memory is long enough.
 * @example
 * const x = allocate([1024, 768], 'float32');
 * x.fill(0.5);
 * free(x);
 * @see free
 */
export function allocate<D extends DType = 'float32'>(
  size: number | readonly number[],
  dtype?: D,
): ArrayFor<D> {
  return allocateAny(size, dtype ?? 'float32') as ArrayFor<D>;
}

function allocateAny(size: number | readonly number[], dtype: DType): TypedArray {
  if (!isDType(dtype)) {
    throw typeError('allocate', 'dtype', 'the name of an element type', dtype, "for example 'float32'");
  }
  const count = elementCount(typeof size === 'number' ? [size] : size, 'allocate', 'size');
  const array = DTYPES[dtype].array;
  const bytes = count * array.BYTES_PER_ELEMENT;
  const memory = sharedMemory();
  if (memory === null) return new array(count);
  const address = memory.allocator.take(bytes);
  if (address < 0) {
    throw rangeError(
      'allocate',
      'size',
      `at most ${memory.allocator.largestHole} bytes, the longest free stretch of the kernels' memory`,
      bytes,
      'free arrays that are no longer needed, or use an ordinary typed array, which every function takes too',
    );
  }
  const dirty = memory.allocator.touch(address, bytes);
  new Uint8Array(memory.buffer, address, dirty).fill(0);
  return new array(memory.buffer, address, count);
}

/**
 * Gives the memory of an array from `allocate` back; the array must not be used afterwards. An ordinary array, which
 * `allocate` returns where there is no WebAssembly, is left to the garbage collector.
 *
 * @param array what `allocate` returned, not a part of it.
 * @throws RangeError when the array lies in the kernels' memory but was not returned by `allocate`, or was freed before.
 * @example
 * const codes = allocate(1000, 'int8');
 * free(codes);
 * @see allocate
 */
export function free(array: AnyTypedArray): void {
  if (!ArrayBuffer.isView(array)) {
    throw typeError('free', 'array', 'a typed array from allocate', array, 'pass what allocate returned');
  }
  if (shared == null || !isInMemory(array)) return;
  if (!shared.allocator.release(array.byteOffset)) {
    throw rangeError(
      'free',
      'array',
      'an array that allocate returned and that was not freed before',
      `${describe(array)} at byte ${array.byteOffset}`,
      'free each array once, and the whole array, not a subarray',
    );
  }
}
