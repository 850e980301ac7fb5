/** Decoders for the types of ggml whose codes are points of a grid. Their encoders search the grid with importance and are not here. */
import type { BlockDecoder } from '../blocks/types.js';

export type GridBlockType = 'IQ1_S' | 'IQ1_M' | 'IQ2_XXS' | 'IQ2_XS' | 'IQ2_S' | 'IQ3_XXS' | 'IQ3_S';

export interface GridKernels {
  readonly decode: Readonly<Record<GridBlockType, BlockDecoder>>;
}
