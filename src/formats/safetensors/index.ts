/** `tensorslim/safetensors`: safetensors files in memory. Files on disk: `tensorslim/node`. */
export { buildHeader, type BuiltHeader } from './build.js';
export type { SafetensorsErrorCode } from './errors.js';
export { parseHeader } from './header.js';
export type { Limits } from './limits.js';
export { readSafetensors, type ReadSafetensorsOptions, type SafetensorsFile } from './read.js';
export type { Header, TensorEntry } from './types.js';
export { writeSafetensors } from './write.js';
