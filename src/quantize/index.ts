export type { Pictured } from '../core/inspect.js';
export { chooseQParams, dequantizeAffine, fakeQuantize, quantizeAffine, quantizeWith } from './affine.js';
export type {
  AffineOptions,
  AffineTensor,
  Bits,
  Granularity,
  Mapping,
  NonFinite,
  QParams,
  ScaleDType,
  ScaleMethod,
  Scales,
  Tail,
} from './affine-types.js';
export {
  castFloat,
  decodeFloat,
  dequantizeFloat,
  quantizeFloat,
  type CastOptions,
  type QuantizeFloatOptions,
} from './cast.js';
export type { FloatTensor } from './float-types.js';
export { gptq } from './gptq.js';
export type { GptqOptions, GptqOrder, GptqReport, GptqResult } from './gptq-types.js';
export { hessianAccumulator, type HessianAccumulator } from './hessian.js';
