/** `tensorslim/gguf`: GGUF and imatrix files in memory. Files on disk: `tensorslim/node`. */
export { buildGgufHeader, type BuildGgufOptions, type BuiltGgufHeader } from './build.js';
export type { GgufErrorCode } from './errors.js';
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
