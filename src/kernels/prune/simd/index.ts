/** The SIMD kernels of prune/types.ts. */
export { clearCounts, countHigh, countLow, mergeCounts } from './count';
export { writeMask } from './mask';
export { maskRows } from './rows';
export { maskFours, maskGroups } from './groups';

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}
