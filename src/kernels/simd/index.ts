/**
 * The SIMD kernels: AssemblyScript (TypeScript syntax, compiled to WebAssembly by scripts/build-simd.mjs). Functions
 * over addresses in the module's memory, one file per family. No objects: nothing here allocates.
 */
export {
  absmaxRuns,
  absmaxColumns,
  minmaxRuns,
  minmaxColumns,
  momentsClear,
  momentsLanes,
  momentsRuns,
  momentsFinish,
  firstNonFinite,
} from './reduce';

export { quantizeRuns } from './quantize';
export { prepareColumns, quantizeColumns, quantizeColumnsSlow } from './quantize-columns';
export { dequantizeRuns, repeatColumns, dequantizeColumns } from './dequantize';

export { quantizeLevels4 } from './codebook';
export { prepareKeys, quantizeLevels } from './codebook-bytes';
export { dequantizeLevels, dequantizeLevels4 } from './codebook-decode';
export { packBits, unpackBits } from './pack';
export { encodeFloat16, decodeFloat16, encodeBfloat16, decodeBfloat16 } from './float';
export { quantizePackRuns4, scaleRun4, packRun4, dequantizePackedRuns4 } from './fused';
export { encodeFloatRuns, decodeFloatRuns, quantizePackMx4, decodePackedFloatRuns4 } from './mx';
export { errorClear, errorLanes } from './error';

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}
