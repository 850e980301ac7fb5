/** The SIMD kernels of gemm/types.ts. */
export { gemvF32 } from './gemv';
export { packF32, packF64, packWide } from './pack';
export { productF32, productF64 } from './product';

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}
