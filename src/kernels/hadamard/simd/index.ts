/** The SIMD kernels of hadamard/types.ts. */
export { hadamard } from './transform';

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}
