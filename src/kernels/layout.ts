/**
 * How the kernels' memory is divided. All addresses are bytes.
 *
 *      0 KiB .. 64 KiB  constants of the WebAssembly module (scripts/build-simd.mjs checks that they fit)
 *     64 KiB .. 2 MiB   staging slots: where tiles of arrays that lie elsewhere are copied to
 *      2 MiB ..       the heap of `allocate`
 */

/** Bytes of one staging slot. A slot holds a tile plus slack, so that kernels may be given a little more than a tile. */
export const SLOT_BYTES: number = 128 * 1024;

/** First byte of staging slot `index`, 0 to 11. By convention 0 takes the output, 1 and 2 inputs, the others parameters. */
export function slotAddress(index: number): number {
  return 65536 + index * SLOT_BYTES;
}

export const SLOT_COUNT: number = 12;

/** Where `allocate` begins. */
export const HEAP_BEGIN: number = 2 * 1024 * 1024;

/** Bytes of one page of a WebAssembly memory. */
export const PAGE_BYTES: number = 65536;
