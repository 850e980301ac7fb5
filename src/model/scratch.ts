/** Memory for the originals that a model is compressed from, one after the other. */
import type { F32, TypedArray, U16 } from '../core/arrays.js';
import { DTYPES, type DType } from '../core/dtype.js';
import { elementCount } from '../core/shape.js';
import type { Tensor } from '../core/tensor.js';
import { decodeFloats } from '../quantize/floats/float-codes.js';
import type { Plan, PlanEntry } from './types.js';

/** Codes that are decoded at a time: 128 KiB of them. */
const CHUNK = 65536;

type HalfFloat = 'float16' | 'bfloat16';

const isHalf = (dtype: DType): dtype is HalfFloat => dtype === 'float16' || dtype === 'bfloat16';

/**
 * Room for one original after the other: compressed tensors share no memory with it. Without it, the peak is where the garbage
 * collector happens to be late: 659 MB against 400 MB for tensors of 256 MB. Codes of 16 bits lie in the second half of their room and
 * become float32 where they lie: 745 MB at the peak against 1,534 for float16 tensors of 256 MB under int8.
 */
export class Scratch {
  readonly #plan: Plan;
  #buffer: ArrayBuffer | null = null;
  #isBusy = false;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** What `action` makes of the tensor that `read` puts into the array it gets. Calls that overlap get arrays of their own. */
  async use<T>(
    { dtype, shape }: PlanEntry,
    read: (into: TypedArray) => Promise<Tensor>,
    action: (tensor: Tensor) => T,
  ): Promise<T> {
    const { array } = DTYPES[dtype];
    const length = elementCount(shape, 'apply');
    if (this.#isBusy) return action(await read(new array(length)));
    this.#isBusy = true;
    try {
      this.#buffer ??= new ArrayBuffer(this.#largest());
      if (!isHalf(dtype)) return action(await read(new array(this.#buffer, 0, length)));
      const codes = new Uint16Array(this.#buffer, 2 * length, length);
      const tensor = await read(codes);
      // A source that cannot fill the array returns another.
      return action(tensor.data === codes ? widened(codes, dtype, shape) : tensor);
    } finally {
      this.#isBusy = false;
    }
  }

  #largest(): number {
    let largest = 0;
    for (const { scheme, dtype, shape } of this.#plan.entries.values()) {
      const bytes = isHalf(dtype) ? 4 : DTYPES[dtype].array.BYTES_PER_ELEMENT;
      if (scheme.scheme !== 'keep') largest = Math.max(largest, elementCount(shape, 'apply') * bytes);
    }
    return largest;
  }
}

/**
 * The values of `codes`, which lie right behind as many bytes as they take, from the beginning of these bytes on. Values i to i + c end at
 * byte 4 (i + c) of 4 n, codes i + c and later begin at byte 2 n + 2 (i + c): none is overwritten before its chunk is copied.
 */
function widened(codes: U16, dtype: HalfFloat, shape: readonly number[]): Tensor {
  const n = codes.length;
  const values = new Float32Array(codes.buffer, codes.byteOffset - 2 * n, n);
  const chunk = new Uint16Array(Math.min(CHUNK, n));
  for (let i = 0; i < n; i += CHUNK) {
    const part = chunk.subarray(0, Math.min(CHUNK, n - i));
    part.set(codes.subarray(i, i + part.length));
    decodeFloats(values.subarray(i, i + part.length) as F32, part, dtype);
  }
  return { data: values, shape, dtype: 'float32' };
}
