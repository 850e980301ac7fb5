/** The SIMD kernels of distill/types.ts. */
export { backward, exponentials, largest, logSoftmax, multiply } from './rows';
export { forwardKl } from './divergence';

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}
