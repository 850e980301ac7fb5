/** `tensorslim/gguf`: GGUF and imatrix files in memory. Files on disk: `tensorslim/node`. */
export { buildGgufHeader, type BuildGgufOptions, type BuiltGgufHeader } from './build.js';
export type { GgufErrorCode } from './errors.js';
export { importance, mergeImatrices, type Imatrix, type ImatrixEntry } from './imatrix.js';
export {
  imatrixAccumulator,
  type AddImatrixOptions,
  type ImatrixAccumulator,
  type ImatrixAccumulatorOptions,
} from './imatrix-accumulate.js';
export { readImatrix, type ReadImatrixOptions } from './imatrix-read.js';
export { writeImatrix, type WriteImatrixOptions } from './imatrix-write.js';
export type { GgufLimits } from './limits.js';
export { readGguf, type GgufFile, type ReadGgufOptions } from './read.js';
export type {
  GgufArrays,
  GgufCheck,
  GgufEntry,
  GgufHeader,
  GgufItemType,
  GgufList,
  GgufMetadata,
  GgufTensor,
  GgufTensorSpec,
  GgufValue,
  GgufValueType,
} from './types.js';
export { writeGguf, type GgufTensorData, type WriteGgufOptions } from './write.js';
