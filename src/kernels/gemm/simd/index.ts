/** The SIMD kernels of gemm/types.ts. */
export { gemvF32 } from './gemv';

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}
