/** The SIMD kernels of integer/types.ts. */
export { productsI8 } from './products';
export { groupDots4, groupDots8 } from './groups';
export { weightDots4, weightDots8 } from './weights';
export { requantize } from './requantize';

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}
