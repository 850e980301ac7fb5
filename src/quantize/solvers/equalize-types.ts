/** The vocabulary of cross-layer equalization. */
import type { F32, F64 } from '../../core/arrays.js';
import type { TensorLike } from '../../core/tensor.js';

/** One layer of a chain. Its outputs, through an activation with a(s x) = s a(x) for s > 0, are the next layer's inputs. */
export interface EqualizeLayer {
  readonly weight: TensorLike;
  /** One number per output; default none. */
  readonly bias?: TensorLike;
  /** Axis of the weight that counts outputs: 0 (the default) for PyTorch, -1 for TensorFlow. */
  readonly outputAxis?: number;
  /** Axis that counts inputs: 1 (the default) for PyTorch, -2 for TensorFlow; the same as outputAxis for depthwise convolutions. */
  readonly inputAxis?: number;
}

export interface EqualizeOptions {
  /** Whether scales are powers of two: then nothing is rounded, and the chain's outputs stay the same to the bit. Default false. */
  readonly powerOfTwo?: boolean;
  /** Most rounds over the pairs of the chain, 1 to 1000. Default 100. */
  readonly maxRounds?: number;
  /** Rounds end when no scale moves by more than this fraction, 0 to 1. Default 1e-6. */
  readonly tolerance?: number;
}

export interface EqualizedLayer {
  readonly weight: { readonly data: F32; readonly shape: readonly number[]; readonly dtype: 'float32' };
  readonly bias: F32 | null;
}

/** The channels between a layer and the next. */
export interface EqualizePairReport {
  readonly channels: number;
  /** Channels that one of the two layers has only zeros for: they keep scale 1. */
  readonly deadChannels: number;
  /**
   * Mean over the channels of (range in the layer / range of the layer) * (the same in the next): 1 where every channel uses the whole grid of both.
   * What was made large.
   */
  readonly precisionBefore: number;
  readonly precisionAfter: number;
}

export interface EqualizeReport {
  readonly pairs: readonly EqualizePairReport[];
  /** Largest magnitude of every layer's weights. */
  readonly rangesBefore: readonly number[];
  readonly rangesAfter: readonly number[];
  /** 'original' where equalization did not raise the sum of the pairs' precision: then nothing was changed. */
  readonly kept: 'equalized' | 'original';
  readonly rounds: number;
  /** Whether the last round moved no scale by more than the tolerance. */
  readonly converged: boolean;
  /** Whether every number is its original times its scales without any rounding. */
  readonly exact: boolean;
}

export interface EqualizeResult {
  readonly layers: readonly EqualizedLayer[];
  /** Per pair, one per channel: outputs of the first layer are divided by it, inputs of the next multiplied. */
  readonly scales: readonly F64[];
  readonly report: EqualizeReport;
}
