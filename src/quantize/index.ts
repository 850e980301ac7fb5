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
  type FloatTensor,
  type QuantizeFloatOptions,
} from './cast.js';
