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

export { quantizeRuns, prepareColumns, quantizeColumns, quantizeColumnsSlow } from './quantize';
export { dequantizeRuns, repeatColumns, dequantizeColumns } from './dequantize';

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}
