/** The SIMD kernels of vectors/types.ts. */
export { hamming } from './hamming';
export { nearest } from './nearest';
export { scanDots, scanSquares, scanTables } from './scan';

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}
