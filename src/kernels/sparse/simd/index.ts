/** The SIMD kernels of sparse/types.ts. */
export { csrGemv16, csrGemv32, csrGemv8 } from './csr';
export { bitmaskGemv } from './bitmask';
export { bsrGemv } from './bsr';

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}
