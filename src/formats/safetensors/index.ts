export {
  buildHeader,
  parseHeader,
  type BuiltHeader,
  type SafetensorsEntry,
  type SafetensorsHeader,
  type SafetensorsLimits,
} from './header.js';
export { readSafetensors, writeSafetensors, type SafetensorsFile } from './safetensors.js';
