/** The front door: everything of the ground floor that runs anywhere. Files, formats and models have subpaths of their own. */
export type {
  F32,
  F64,
  FloatArray,
  I16,
  I32,
  I64,
  I8,
  TypedArray,
  U16,
  U32,
  U64,
  U8,
} from './core/arrays.js';
export {
  DTYPES,
  dtypeFrom,
  isDType,
  type DType,
  type DTypeFormat,
  type DTypeTraits,
  type FloatDType,
  type IntegerDType,
} from './core/dtype.js';
export { FormatError, IoError, NumericError } from './core/errors.js';
export type { ScaleMode } from './core/block-scale.js';
export type { Overflow, SmallFloat } from './core/float-formats.js';
export type { Pictured } from './core/inspect.js';
export { createRandom, type Random } from './core/random.js';
export type { Rounding } from './core/rounding.js';
export { tensor, type MatrixLike, type StridedView, type Tensor, type TensorLike } from './core/tensor.js';
export { backend, setBackend } from './kernels/dispatch.js';
export { allocate, free, type ArrayFor } from './kernels/memory.js';
export type { Arithmetic } from './kernels/types.js';
export type { ErrorMeasures } from './metrics/error.js';
export {
  chooseQParams,
  dequantizeAffine,
  fakeQuantize,
  quantizeAffine,
  quantizeWith,
} from './quantize/affine.js';
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
} from './quantize/affine-types.js';
export {
  castFloat,
  decodeFloat,
  dequantizeFloat,
  quantizeFloat,
  type CastOptions,
  type QuantizeFloatOptions,
} from './quantize/cast.js';
export type { CodebookName } from './quantize/codebook-tables.js';
export type {
  CodebookTensor,
  KMeansOptions,
  KMeansReport,
  NestedAbsmax,
  QuantizeCodebookOptions,
} from './quantize/codebook-types.js';
export { dequantizeCodebook, quantizeCodebook } from './quantize/codebook.js';
export type { FloatTensor } from './quantize/float-types.js';
export { dequantizeFloat8, quantizeFloat8 } from './quantize/float8.js';
export type { Float8, Float8Options, Float8Tensor } from './quantize/float8-types.js';
export { mxRelativeBound } from './quantize/mx-bound.js';
export type { MxElement, MxOptions, MxTensor } from './quantize/mx-types.js';
export { dequantizeMx, quantizeMx } from './quantize/mx.js';
export { dequantizeNvfp4, NVFP4_RELATIVE_BOUND, quantizeNvfp4 } from './quantize/nvfp4.js';
export type { Nvfp4Options, Nvfp4Tensor } from './quantize/nvfp4-types.js';
export { gptq } from './quantize/gptq.js';
export type { GptqOptions, GptqOrder, GptqReport, GptqResult } from './quantize/gptq-types.js';
export { hessianAccumulator, type HessianAccumulator } from './core/hessian.js';
export { awq } from './quantize/awq.js';
export type { AwqOptions, AwqReport, AwqResult } from './quantize/awq-types.js';
export { foldInputScale, scaleAxis, type FoldedLayer, type PreviousLayer } from './quantize/input-scale.js';
export { smoothQuant } from './quantize/smooth-quant.js';
export type { ValidationReport } from './quantize/validation.js';
export type {
  SmoothQuantOptions,
  SmoothQuantReport,
  SmoothQuantResult,
} from './quantize/smooth-quant-types.js';
export { observer, observerFromJSON } from './quantize/observer.js';
export type {
  ChannelState,
  ObservedRange,
  Observer,
  ObserverKind,
  ObserverOptions,
  ObserverState,
} from './quantize/observer-types.js';
export { hadamard, type HadamardOptions } from './quantize/hadamard.js';
export { hadamardMatrix } from './quantize/hadamard-matrix.js';
export { binarize, hamming, hammingTopK } from './quantize/vectors-binary.js';
export {
  rescore,
  searchVectors,
  type RescoreOptions,
  type VectorSearchOptions,
} from './quantize/vectors-search.js';
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
} from './quantize/vectors-types.js';
export { productQuantizer, rotatedQuantizer, scalarQuantizer, vectorQuantizer } from './quantize/vectors.js';
export { biasCorrection } from './quantize/bias-correction.js';
export type {
  BiasCorrectionOptions,
  BiasCorrectionReport,
  BiasCorrectionResult,
} from './quantize/bias-correction.js';
export { equalizeLayers } from './quantize/equalize.js';
export type {
  EqualizedLayer,
  EqualizeLayer,
  EqualizeOptions,
  EqualizePairReport,
  EqualizeReport,
  EqualizeResult,
} from './quantize/equalize-types.js';
export { clipSearch, hqq } from './quantize/hqq.js';
export type {
  ClipSearchOptions,
  ClipSearchResult,
  HqqOptions,
  HqqReport,
  HqqResult,
  ScaleSearchReport,
} from './quantize/hqq-types.js';
export { fakeQuantizePact, fakeQuantizePactBackward } from './quantize/qat-pact.js';
export type {
  FakeQuantizeBackwardOptions,
  FakeQuantizeGradients,
  LsqOptions,
  PactOptions,
} from './quantize/qat-types.js';
export { chooseLsqQParams, fakeQuantizeBackward } from './quantize/qat.js';
export {
  quantizedLinearBound,
  type Against,
  type QuantizedLinearBoundOptions,
} from './quantize/quantized-linear-bound.js';
export {
  quantizedLayer,
  quantizedLinear,
  type Activations,
  type QuantizedLayer,
  type QuantizedLinearOptions,
} from './quantize/quantized-linear.js';
export {
  int8Activations,
  int8Bias,
  int8Multipliers,
  int8Weights,
  type ChannelMultipliers,
} from './quantize/integer-convention.js';
export { matmulInt8, type Int8Matrix, type MatmulInt8Options } from './quantize/matmul-int8.js';
export {
  quantizeMultiplier,
  requantize,
  type FixedPointMultiplier,
  type IntegerCodes,
  type RequantizeOptions,
  type RequantizeRounding,
} from './quantize/requantize.js';
export { fromBytes, toBytes } from './compressed/bytes.js';
export { byteSize, decompress, errorBound, measureError } from './compressed/compressed.js';
export type { Compressed, ErrorBound } from './compressed/kinds.js';
