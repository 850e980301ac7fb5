export type { Pictured } from '../core/inspect.js';
export {
  chooseQParams,
  dequantizeAffine,
  fakeQuantize,
  quantizeAffine,
  quantizeWith,
} from './affine/affine.js';
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
} from './affine/affine-types.js';
export {
  castFloat,
  decodeFloat,
  dequantizeFloat,
  quantizeFloat,
  type CastOptions,
  type QuantizeFloatOptions,
} from './floats/cast.js';
export type { CodebookName } from './codebook/codebook-tables.js';
export type {
  CodebookTensor,
  KMeansOptions,
  KMeansReport,
  NestedAbsmax,
  QuantizeCodebookOptions,
} from './codebook/codebook-types.js';
export { dequantizeCodebook, quantizeCodebook } from './codebook/codebook.js';
export type { FloatTensor } from './floats/float-types.js';
export type { ScaleMode } from '../core/block-scale.js';
export { dequantizeFloat8, quantizeFloat8 } from './floats/float8.js';
export type { Float8, Float8Options, Float8Tensor } from './floats/float8-types.js';
export { mxRelativeBound } from './floats/mx-bound.js';
export type { MxElement, MxOptions, MxTensor } from './floats/mx-types.js';
export { dequantizeMx, quantizeMx } from './floats/mx.js';
export { dequantizeNvfp4, NVFP4_RELATIVE_BOUND, quantizeNvfp4 } from './floats/nvfp4.js';
export type { Nvfp4Options, Nvfp4Tensor } from './floats/nvfp4-types.js';
export { gptq } from './solvers/gptq.js';
export type { GptqOptions, GptqOrder, GptqReport, GptqResult } from './solvers/gptq-types.js';
export { hessianAccumulator, type HessianAccumulator } from '../core/hessian.js';
export { awq } from './solvers/awq.js';
export type { AwqOptions, AwqReport, AwqResult } from './solvers/awq-types.js';
export { foldInputScale, scaleAxis, type FoldedLayer, type PreviousLayer } from './solvers/input-scale.js';
export { smoothQuant } from './solvers/smooth-quant.js';
export type { ValidationReport } from './solvers/validation.js';
export type {
  SmoothQuantOptions,
  SmoothQuantReport,
  SmoothQuantResult,
} from './solvers/smooth-quant-types.js';
export { biasCorrection } from './solvers/bias-correction.js';
export type {
  BiasCorrectionOptions,
  BiasCorrectionReport,
  BiasCorrectionResult,
} from './solvers/bias-correction.js';
export { equalizeLayers } from './solvers/equalize.js';
export type {
  EqualizedLayer,
  EqualizeLayer,
  EqualizeOptions,
  EqualizePairReport,
  EqualizeReport,
  EqualizeResult,
} from './solvers/equalize-types.js';
export { clipSearch, hqq } from './solvers/hqq.js';
export type {
  ClipSearchOptions,
  ClipSearchResult,
  HqqOptions,
  HqqReport,
  HqqResult,
  ScaleSearchReport,
} from './solvers/hqq-types.js';
export { fakeQuantizePact, fakeQuantizePactBackward } from './training/qat-pact.js';
export type {
  FakeQuantizeBackwardOptions,
  FakeQuantizeGradients,
  LsqOptions,
  PactOptions,
} from './training/qat-types.js';
export { chooseLsqQParams, fakeQuantizeBackward } from './training/qat.js';
export { observer, observerFromJSON } from './observers/observer.js';
export type {
  ChannelState,
  ObservedRange,
  Observer,
  ObserverKind,
  ObserverOptions,
  ObserverState,
} from './observers/observer-types.js';
export {
  quantizedLinearBound,
  type Against,
  type QuantizedLinearBoundOptions,
} from './integer/quantized-linear-bound.js';
export {
  quantizedLayer,
  quantizedLinear,
  type Activations,
  type QuantizedLayer,
  type QuantizedLinearOptions,
} from './integer/quantized-linear.js';
export {
  int8Activations,
  int8Bias,
  int8Multipliers,
  int8Weights,
  type ChannelMultipliers,
} from './integer/integer-convention.js';
export { matmulInt8, type Int8Matrix, type MatmulInt8Options } from './integer/matmul-int8.js';
export {
  quantizeMultiplier,
  requantize,
  type FixedPointMultiplier,
  type IntegerCodes,
  type RequantizeOptions,
  type RequantizeRounding,
} from './integer/requantize.js';
export { hadamard, type HadamardOptions } from './rotation/hadamard.js';
export { hadamardMatrix } from './rotation/hadamard-matrix.js';
export { binarize, hamming, hammingTopK } from './vectors/vectors-binary.js';
export {
  rescore,
  searchVectors,
  type RescoreOptions,
  type VectorSearchOptions,
} from './vectors/vectors-search.js';
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
} from './vectors/vectors-types.js';
export { productQuantizer, rotatedQuantizer, scalarQuantizer, vectorQuantizer } from './vectors/vectors.js';
