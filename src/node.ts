/** `tensorslim/node`: models on disk. */
export { createAtomicFile, type AtomicFile, type AtomicOptions } from './node/atomic.js';
export {
  openSafetensors,
  type OpenSafetensorsOptions,
  type ReadTensorOptions,
  type SafetensorsSource,
} from './node/safetensors.js';
export { saveSafetensors, type SaveSafetensorsOptions } from './node/safetensors-save.js';
export { openTfjs, saveTfjs, type TfjsSource } from './node/tfjs.js';
export type { SavedSafetensors } from './node/write-model.js';
