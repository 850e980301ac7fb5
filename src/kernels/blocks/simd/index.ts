/** The SIMD kernels of block types with one scale per block. */
export {
  decodeIQ4NL,
  decodeIQ4XS,
  decodeMXFP4,
  decodeQ40,
  decodeQ41,
  decodeQ50,
  decodeQ51,
  decodeQ80,
} from './decode';
export { encodeIQ4NL, encodeIQ4XS } from './iq4';
export { encodeMXFP4, encodeQ40, encodeQ41, encodeQ50, encodeQ51, encodeQ80 } from './plain';

/** First byte behind the module's constants. */
export function staticsEnd(): usize {
  return __heap_base;
}
