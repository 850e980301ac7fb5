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
} from './quantize/affine/affine.js';
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
} from './quantize/affine/affine-types.js';
export {
  castFloat,
  decodeFloat,
  dequantizeFloat,
  quantizeFloat,
  type CastOptions,
  type QuantizeFloatOptions,
} from './quantize/floats/cast.js';
export type { CodebookName } from './quantize/codebook/codebook-tables.js';
export type {
  CodebookTensor,
  KMeansOptions,
  KMeansReport,
  NestedAbsmax,
  QuantizeCodebookOptions,
} from './quantize/codebook/codebook-types.js';
export { dequantizeCodebook, quantizeCodebook } from './quantize/codebook/codebook.js';
export type { FloatTensor } from './quantize/floats/float-types.js';
export { dequantizeFloat8, quantizeFloat8 } from './quantize/floats/float8.js';
export type { Float8, Float8Options, Float8Tensor } from './quantize/floats/float8-types.js';
export { mxRelativeBound } from './quantize/floats/mx-bound.js';
export type { MxElement, MxOptions, MxTensor } from './quantize/floats/mx-types.js';
export { dequantizeMx, quantizeMx } from './quantize/floats/mx.js';
export { dequantizeNvfp4, NVFP4_RELATIVE_BOUND, quantizeNvfp4 } from './quantize/floats/nvfp4.js';
export type { Nvfp4Options, Nvfp4Tensor } from './quantize/floats/nvfp4-types.js';
export { gptq } from './quantize/solvers/gptq.js';
export type { GptqOptions, GptqOrder, GptqReport, GptqResult } from './quantize/solvers/gptq-types.js';
export { hessianAccumulator, type HessianAccumulator } from './core/hessian.js';
export { awq } from './quantize/solvers/awq.js';
export type { AwqOptions, AwqReport, AwqResult } from './quantize/solvers/awq-types.js';
export {
  foldInputScale,
  scaleAxis,
  type FoldedLayer,
  type PreviousLayer,
} from './quantize/solvers/input-scale.js';
export { smoothQuant } from './quantize/solvers/smooth-quant.js';
export type { ValidationReport } from './quantize/solvers/validation.js';
export type {
  SmoothQuantOptions,
  SmoothQuantReport,
  SmoothQuantResult,
} from './quantize/solvers/smooth-quant-types.js';
export { observer, observerFromJSON } from './quantize/observers/observer.js';
export type {
  ChannelState,
  ObservedRange,
  Observer,
  ObserverKind,
  ObserverOptions,
  ObserverState,
} from './quantize/observers/observer-types.js';
export { hadamard, type HadamardOptions } from './quantize/rotation/hadamard.js';
export { hadamardMatrix } from './quantize/rotation/hadamard-matrix.js';
export { binarize, hamming, hammingTopK } from './quantize/vectors/vectors-binary.js';
export {
  rescore,
  searchVectors,
  type RescoreOptions,
  type VectorSearchOptions,
} from './quantize/vectors/vectors-search.js';
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
} from './quantize/vectors/vectors-types.js';
export {
  productQuantizer,
  rotatedQuantizer,
  scalarQuantizer,
  vectorQuantizer,
} from './quantize/vectors/vectors.js';
export { biasCorrection } from './quantize/solvers/bias-correction.js';
export type {
  BiasCorrectionOptions,
  BiasCorrectionReport,
  BiasCorrectionResult,
} from './quantize/solvers/bias-correction.js';
export { equalizeLayers } from './quantize/solvers/equalize.js';
export type {
  EqualizedLayer,
  EqualizeLayer,
  EqualizeOptions,
  EqualizePairReport,
  EqualizeReport,
  EqualizeResult,
} from './quantize/solvers/equalize-types.js';
export { clipSearch, hqq } from './quantize/solvers/hqq.js';
export type {
  ClipSearchOptions,
  ClipSearchResult,
  HqqOptions,
  HqqReport,
  HqqResult,
  ScaleSearchReport,
} from './quantize/solvers/hqq-types.js';
export { fakeQuantizePact, fakeQuantizePactBackward } from './quantize/training/qat-pact.js';
export type {
  FakeQuantizeBackwardOptions,
  FakeQuantizeGradients,
  LsqOptions,
  PactOptions,
} from './quantize/training/qat-types.js';
export { chooseLsqQParams, fakeQuantizeBackward } from './quantize/training/qat.js';
export {
  quantizedLinearBound,
  type Against,
  type QuantizedLinearBoundOptions,
} from './quantize/integer/quantized-linear-bound.js';
export {
  quantizedLayer,
  quantizedLinear,
  type Activations,
  type QuantizedLayer,
  type QuantizedLinearOptions,
} from './quantize/integer/quantized-linear.js';
export {
  int8Activations,
  int8Bias,
  int8Multipliers,
  int8Weights,
  type ChannelMultipliers,
} from './quantize/integer/integer-convention.js';
export { matmulInt8, type Int8Matrix, type MatmulInt8Options } from './quantize/integer/matmul-int8.js';
export {
  quantizeMultiplier,
  requantize,
  type FixedPointMultiplier,
  type IntegerCodes,
  type RequantizeOptions,
  type RequantizeRounding,
} from './quantize/integer/requantize.js';
export { fromBytes, toBytes } from './compressed/bytes.js';
export { byteSize, decompress, errorBound, measureError } from './compressed/compressed.js';
export type { Compressed, ErrorBound } from './compressed/kinds.js';
