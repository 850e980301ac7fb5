/** The SIMD kernels of block types with one scale per block. */
export { encodeIQ4NL, encodeIQ4XS } from './iq4';
export { encodeMXFP4, encodeQ40, encodeQ41, encodeQ50, encodeQ51, encodeQ80 } from './plain';

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}
