/** `tensorslim/node`: models on disk. */
export { createAtomicFile, type AtomicFile, type AtomicOptions } from './node/atomic.js';
export {
  openSafetensors,
  type OpenSafetensorsOptions,
  type ReadTensorOptions,
  type SafetensorsSource,
} from './node/safetensors.js';
export { saveSafetensors, type SaveSafetensorsOptions } from './node/safetensors-save.js';
export { openGguf, type GgufSource, type OpenGgufOptions, type ReadGgufTensorOptions } from './node/gguf.js';
export { checkGgufTensor } from './node/gguf-check.js';
export { saveGguf, type SavedGguf, type SaveGgufOptions } from './node/gguf-save.js';
export { openTfjs, type OpenTfjsOptions, type TfjsSource } from './node/tfjs.js';
export { saveTfjs, type SaveTfjsOptions } from './node/tfjs-save.js';
export type { SavedSafetensors } from './node/write-model.js';
export { convertToGguf, type ConvertToGgufOptions } from './node/convert.js';
export { openCompressed, openModel, saveCompressed, saveModel } from './node/model.js';
