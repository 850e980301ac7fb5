/** `tensorslim/tfjs`: TensorFlow.js models in memory. Models on disk: `tensorslim/node`. */
export type { TfjsErrorCode } from './errors.js';
export type { TfjsLimits } from './limits.js';
export { readTfjsManifest } from './manifest.js';
export { readTfjs, type ReadTfjsOptions, type TfjsModel } from './read.js';
export { dequantizeTfjs, quantizeTfjs, type QuantizeTfjsOptions } from './tfjs-tensor.js';
export type {
  TfjsAffineType,
  TfjsDType,
  TfjsGroup,
  TfjsManifest,
  TfjsQuantization,
  TfjsQuantizedType,
  TfjsStored,
  TfjsTensor,
  TfjsWeight,
  TfjsWeightSpec,
} from './types.js';
export { decodeTfjsWeight, encodeTfjsWeight } from './weights.js';
export { writeTfjs, type TfjsWeightData, type WriteTfjsOptions } from './write.js';
