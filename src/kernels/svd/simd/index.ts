/** The SIMD kernels of svd/types.ts. */
export { dot, reflect } from './columns';
export { rotate } from './rotate';

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}
