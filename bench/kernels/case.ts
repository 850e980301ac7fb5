/** What one kernel brings to the bench: its data, its call, its result, and what it is compared with. */
import type { F32, F64, I8, TypedArray, U16, U8 } from '../../src/core/arrays.js';
import { allocate, free } from '../../src/kernels/memory.js';
import type { Kernels } from '../../src/kernels/types.js';

/** Where a row's arrays lie. */
export interface Room {
  readonly label: 'ordinary' | "kernels' memory";
  float32(length: number): F32;
  bytes(length: number): U8;
  int8(length: number): I8;
  uint16(length: number): U16;
  float64(length: number): F64;
  /** `x` itself if it may be used where it lies, else a copy in this room. */
  input(x: F32): F32;
  release(): void;
}

/** Arrays as a user makes them. All pages are touched before anything is timed, by `verify`. */
export const ordinaryRoom: Room = {
  label: 'ordinary',
  float32: (length) => new Float32Array(length),
  bytes: (length) => new Uint8Array(length),
  int8: (length) => new Int8Array(length),
  uint16: (length) => new Uint16Array(length),
  float64: (length) => new Float64Array(length),
  input: (x) => x,
  release: () => undefined,
};

export function memoryRoom(): Room {
  const taken: TypedArray[] = [];
  const take = <A extends TypedArray>(array: A): A => {
    taken.push(array);
    return array;
  };
  return {
    label: "kernels' memory",
    float32: (length) => take(allocate(length, 'float32')),
    bytes: (length) => take(allocate(length, 'uint8')),
    int8: (length) => take(allocate(length, 'int8')),
    uint16: (length) => take(allocate(length, 'uint16')),
    float64: (length) => take(allocate(length, 'float64')),
    input: (x) => {
      const copy = take(allocate(x.length, 'float32'));
      copy.set(x);
      return copy;
    },
    release: () => taken.forEach((array) => free(array)),
  };
}

export interface Trial {
  run(): void;
  /** The arrays or numbers that `run` left, to be compared with those of the reference. */
  result(): readonly (TypedArray | number)[];
}

/** How far a peer that rounds in its own way may be from the reference. */
export interface Tolerance {
  /** Largest difference of two elements, absolute or relative to the reference, whichever is larger. */
  readonly distance: number;
  /** Largest share of elements that differ at all. */
  readonly share: number;
}

export const EXACT: Tolerance = { distance: 0, share: 0 };
/** Codes of a product taken in float64, or of ties rounded up: one off, where the product lies within 2^-18 of a tie. */
export const NEAR_TIES: Tolerance = { distance: 1, share: 1e-4 };
/** One running sum in place of several: float64 rounds differently. */
export const SUMS: Tolerance = { distance: 1e-9, share: 1 };

/** A peer in this process. */
export interface Peer {
  readonly name: string;
  readonly tolerance: Tolerance;
  trial(x: F32): Trial;
}

export interface KernelCase {
  readonly name: string;
  /** Bytes read and written per element, parameters included. */
  readonly bytesPerElement: number;
  trial(kernels: Kernels, x: F32, room: Room): Trial;
  readonly peers: readonly Peer[];
  /** Name of the expression in peers/numpy.ts that does the same. */
  readonly numpy?: string;
  /** Name of the expression in peers/torch.ts that does the same. */
  readonly torch?: string;
  /** How far those two may be from the reference. Default: not at all. */
  readonly foreign?: Tolerance;
  /** Sizes of its own, where those of the other kernels would say nothing. */
  readonly elements?: readonly number[];
}
