/** `tensorslim/tfjs`: TensorFlow.js models in memory. Models on disk: `tensorslim/node`. */
export {
  readTfjsManifest,
  type TfjsDType,
  type TfjsGroup,
  type TfjsManifest,
  type TfjsWeight,
} from './manifest.js';
export { readTfjs, writeTfjs, type TfjsModel, type TfjsWeightData } from './tfjs.js';
export {
  decodeTfjsWeight,
  encodeTfjsWeight,
  type TfjsEncoded,
  type TfjsQuantization,
  type TfjsQuantizedType,
} from './weights.js';
