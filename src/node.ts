/** `tensorslim/node`: files on disk. */
export { createAtomicFile, type AtomicFile, type AtomicOptions } from './node/atomic.js';
export { openSafetensors, saveSafetensors, type OpenOptions, type SaveOptions } from './node/safetensors.js';
