/** What a model file looks like to the floors above the formats: named tensors that are read one at a time. */
import type { AnyTypedArray, TypedArray } from './arrays.js';
import type { DType } from './dtype.js';
import type { Tensor } from './tensor.js';

export interface TensorInfo {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Bytes that the tensor takes in the file. */
  readonly byteLength: number;
}

export interface ReadOptions {
  /** An array of the tensor's type and size to fill; sources that cannot fill it leave it and return another. */
  readonly into?: AnyTypedArray;
}

/** An opened model: a safetensors file, a sharded set of them, or a tfjs model. Holds file descriptors until closed. */
export interface TensorSource {
  readonly format: 'safetensors' | 'tfjs';
  /** In the order of the file. */
  readonly entries: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string>;
  /** Everything of a tfjs model.json but its weights; null for other formats. */
  readonly modelJson: Readonly<Record<string, unknown>> | null;
  /** The tensor's stored bits in an array of its own: floats below 32 bits stay codes; quantized tfjs weights are decoded. */
  read(name: string, options?: ReadOptions): Promise<Tensor>;
  close(): Promise<void>;
}

/** One array of a file to be written: its size is known before its data, so that headers come first. */
export interface ArraySpec {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** An array with its place in a record, as compressed results take themselves apart for storage. */
export interface NamedArray extends ArraySpec {
  readonly data: TypedArray;
}
