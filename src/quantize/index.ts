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
export type { CodebookName } from './codebook-tables.js';
export type {
  CodebookTensor,
  KMeansOptions,
  KMeansReport,
  NestedAbsmax,
  QuantizeCodebookOptions,
} from './codebook-types.js';
export { dequantizeCodebook, quantizeCodebook } from './codebook.js';
export type { FloatTensor } from './float-types.js';
export type { ScaleMode } from '../core/block-scale.js';
export { dequantizeFloat8, quantizeFloat8 } from './float8.js';
export type { Float8, Float8Options, Float8Tensor } from './float8-types.js';
export { mxRelativeBound } from './mx-bound.js';
export type { MxElement, MxOptions, MxTensor } from './mx-types.js';
export { dequantizeMx, quantizeMx } from './mx.js';
export { dequantizeNvfp4, NVFP4_RELATIVE_BOUND, quantizeNvfp4 } from './nvfp4.js';
export type { Nvfp4Options, Nvfp4Tensor } from './nvfp4-types.js';
export { gptq } from './gptq.js';
export type { GptqOptions, GptqOrder, GptqReport, GptqResult } from './gptq-types.js';
export { hessianAccumulator, type HessianAccumulator } from '../core/hessian.js';
export { awq } from './awq.js';
export type { AwqOptions, AwqReport, AwqResult } from './awq-types.js';
export { foldInputScale, scaleAxis, type FoldedLayer, type PreviousLayer } from './input-scale.js';
export { smoothQuant } from './smooth-quant.js';
export type { ValidationReport } from './validation.js';
export type { SmoothQuantOptions, SmoothQuantReport, SmoothQuantResult } from './smooth-quant-types.js';
export { biasCorrection } from './bias-correction.js';
export type { BiasCorrectionOptions, BiasCorrectionReport, BiasCorrectionResult } from './bias-correction.js';
export { equalizeLayers } from './equalize.js';
export type {
  EqualizedLayer,
  EqualizeLayer,
  EqualizeOptions,
  EqualizePairReport,
  EqualizeReport,
  EqualizeResult,
} from './equalize-types.js';
export { clipSearch, hqq } from './hqq.js';
export type {
  ClipSearchOptions,
  ClipSearchResult,
  HqqOptions,
  HqqReport,
  HqqResult,
  ScaleSearchReport,
} from './hqq-types.js';
export { fakeQuantizePact, fakeQuantizePactBackward } from './qat-pact.js';
export type {
  FakeQuantizeBackwardOptions,
  FakeQuantizeGradients,
  LsqOptions,
  PactOptions,
} from './qat-types.js';
export { chooseLsqQParams, fakeQuantizeBackward } from './qat.js';
export { observer, observerFromJSON } from './observer.js';
export type {
  ChannelState,
  ObservedRange,
  Observer,
  ObserverKind,
  ObserverOptions,
  ObserverState,
} from './observer-types.js';
export {
  quantizedLinearBound,
  type Against,
  type QuantizedLinearBoundOptions,
} from './quantized-linear-bound.js';
export {
  quantizedLayer,
  quantizedLinear,
  type Activations,
  type QuantizedLayer,
  type QuantizedLinearOptions,
} from './quantized-linear.js';
export {
  int8Activations,
  int8Bias,
  int8Multipliers,
  int8Weights,
  type ChannelMultipliers,
} from './integer-convention.js';
export { matmulInt8, type Int8Matrix, type MatmulInt8Options } from './matmul-int8.js';
export {
  quantizeMultiplier,
  requantize,
  type FixedPointMultiplier,
  type IntegerCodes,
  type RequantizeOptions,
  type RequantizeRounding,
} from './requantize.js';
export { hadamard, type HadamardOptions } from './hadamard.js';
export { hadamardMatrix } from './hadamard-matrix.js';
export { binarize, hamming, hammingTopK } from './vectors-binary.js';
export { rescore, searchVectors, type RescoreOptions, type VectorSearchOptions } from './vectors-search.js';
export type {
  BinaryPrecision,
  BinaryVectors,
  ProductParams,
  ProductQuantizer,
  ProductQuantizerOptions,
  ProductReport,
  QuantizerParams,
  RotatedParams,
  RotatedQuantizerOptions,
  ScalarParams,
  ScalarQuantizerOptions,
  SearchResult,
  VectorCodes,
  VectorMetric,
  VectorQuantizer,
  VectorSearchResult,
} from './vectors-types.js';
export { productQuantizer, rotatedQuantizer, scalarQuantizer, vectorQuantizer } from './vectors.js';
